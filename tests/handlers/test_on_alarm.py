"""The function that hears alarms: each shape leads to one revert, and nothing else leads anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers import on_alarm
from reconciler import bootstrap
from reconciler.adapters.reverter import SigningReverter
from reconciler.model.alarm import AlarmChange, AlarmValue
from reconciler.model.errors import Terminal, Transient
from reconciler.model.reason import Reason
from reconciler.ports import EnvironmentRepo
from reconciler.settings import Settings
from tests.adapters.ssh_people import person
from tests.bad_input.test_webhooks_and_messages import Context
from tests.core.test_alarm_events import HOSTILE, call, event, message, sns
from tests.engine.alarmed import ALARM, Alarmed
from tests.engine.real_git import PeoplesRepo, alarmed_on_git

SECRET = "reverter-key"


def settings(**changed: str) -> Settings:
    known = {"table": "t", "queue_url": "q", "bus": "b", "artifacts": "a", "stack": "platform"}
    return Settings.model_validate({**known, "repo_url": "r", "environments": ("dev",), **changed})


@pytest.fixture
def alarmed(monkeypatch: pytest.MonkeyPatch) -> Alarmed:
    """The functions' world is in memory."""
    found = Alarmed()
    monkeypatch.setattr(bootstrap, "settings", settings)
    monkeypatch.setattr(bootstrap, "lookout", found.lookout)
    return found


def spoken(change: AlarmChange) -> dict[str, Callable[[], dict[str, Any]]]:
    """One change, in each shape."""
    at = change.at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    state = {"value": change.value.value, "reason": change.reason, "timestamp": at}
    told = {
        "AlarmName": ALARM,
        "NewStateValue": change.value.value,
        "NewStateReason": change.reason,
        "StateChangeTime": at,
    }
    composite: dict[str, Any] = {"configuration": {"alarmRule": 'ALARM("platform-dev-health")'}}
    return {
        "EventBridge": lambda: event(alarmName=ALARM, state=state),
        "EventBridge, composite": lambda: event(alarmName=ALARM, state=state, **composite),
        "call": lambda: call(alarmName=ALARM, state=state),
        "call, composite": lambda: call(alarmName=ALARM, state=state, **composite),
        "SNS": lambda: sns(message(**told)),
        "SNS, composite": lambda: sns(message(**told, AlarmRule='ALARM("platform-dev-health")')),
    }


SHAPES = sorted(spoken(AlarmChange(name="x", value=AlarmValue.OK, at="2026-11-21T05:00:00Z")))  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_takes_the_release_back(alarmed: Alarmed, shape: str) -> None:
    said = spoken(alarmed.goes_off())[shape]()
    on_alarm.handler(said, Context())  # type: ignore[arg-type]
    assert len(alarmed.by_reverter) == 1


def test_one_change_in_every_shape_makes_one_commit_and_one_event(
    alarmed: Alarmed, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes = spoken(alarmed.goes_off())
    for _ in range(3):
        for said in shapes.values():
            on_alarm.handler(said(), Context())  # type: ignore[arg-type]
    assert len(alarmed.by_reverter) == 1
    assert len(alarmed.told(Reason.REVERT_COMMITTED)) == 1
    assert alarmed.suppressed() == []
    assert '"AlarmHeard"' in capsys.readouterr().out


def test_what_is_no_alarm_is_acknowledged_and_changes_nothing(
    alarmed: Alarmed, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    before = alarmed.scene.state
    for hostile in HOSTILE.values():
        on_alarm.handler(hostile, Context())  # type: ignore[arg-type]
    assert alarmed.scene.state == before
    why = [str(vars(record)["why"]) for record in caplog.records]
    assert len(why) == len(HOSTILE)
    assert all(10 < len(one) < 300 for one in why)
    assert capsys.readouterr().out.count('"malformed"') == len(HOSTILE)


def test_an_event_that_lies_is_not_believed(alarmed: Alarmed) -> None:
    alarmed.goes_off()
    said = spoken(alarmed.goes_off())["EventBridge"]()
    alarmed.scene.clock.advance(1)
    alarmed.alarms.turn(ALARM, AlarmValue.OK)
    on_alarm.handler(said, Context())  # type: ignore[arg-type]
    assert alarmed.by_reverter == []
    assert alarmed.suppressed() == ["AlarmOver"]


@pytest.mark.parametrize("error", [Transient("No answer."), Terminal("Refused.", "Ask.")])
def test_what_fails_raises_so_that_lambda_tries_again(alarmed: Alarmed, error: Exception) -> None:
    said = spoken(alarmed.goes_off())["call"]()
    alarmed.scene.store.fail_next("acquire", error)
    with pytest.raises(type(error)):
        on_alarm.handler(said, Context())  # type: ignore[arg-type]
    on_alarm.handler(said, Context())  # type: ignore[arg-type]
    assert len(alarmed.by_reverter) == 1


def test_one_message_that_fails_holds_up_no_other(alarmed: Alarmed) -> None:
    change = alarmed.goes_off()
    first = message(AlarmName="platform-prod")
    alarmed.scene.store.fail_next("load", Transient("No answer."))
    both = sns(first, json.loads(spoken(change)["SNS"]()["Records"][0]["Sns"]["Message"]))
    with pytest.raises(Transient):
        on_alarm.handler(both, Context())  # type: ignore[arg-type]
    assert len(alarmed.by_reverter) == 1


@pytest.fixture
def wired(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Alarmed]:
    """A real Git, and the reverter as ``bootstrap`` wires it, with moto as Secrets Manager."""
    for name, value in {
        "ACCESS_KEY_ID": "x",
        "SECRET_ACCESS_KEY": "x",
        "DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    alarmed = alarmed_on_git(tmp_path)
    repo = alarmed.scene.repo
    assert isinstance(repo, PeoplesRepo)
    monkeypatch.setattr(
        bootstrap, "settings", lambda: settings(repo_url=repo.host.url, reverter_key_secret=SECRET)
    )
    cached = (bootstrap._client, bootstrap._secrets, bootstrap.repo, bootstrap.deadline)
    for one in cached:
        one.cache_clear()
    with mock_aws():
        yield alarmed
    for one in cached:
        one.cache_clear()


def test_the_key_comes_from_the_secret(wired: Alarmed, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = boto3.client("secretsmanager", region_name="eu-west-1")
    secrets.create_secret(Name=SECRET, SecretString=person("reverter").key.read_text())
    reverter = bootstrap.reverter()
    assert isinstance(reverter, SigningReverter)
    monkeypatch.setattr(bootstrap, "lookout", lambda holder: wired.lookout(holder, reverter=reverter))
    on_alarm.handler(spoken(wired.goes_off())["SNS"](), Context())  # type: ignore[arg-type]
    (commit,) = wired.by_reverter
    assert wired.scene.tick().outcome == "applied"
    assert set(wired.scene.running().values()) == {wired.good.id}
    assert wired.revert is not None
    assert wired.revert.commit == commit.sha


@pytest.mark.parametrize(("own", "used"), [("push", "push"), ("", "read")])
def test_only_the_push_of_a_revert_is_made_with_its_token(
    wired: Alarmed, monkeypatch: pytest.MonkeyPatch, own: str, used: str
) -> None:
    known = settings(repo_token_secret="read", reverter_key_secret=SECRET, reverter_token_secret=own)
    opened = list[tuple[str, str]]()

    def open_(remote: object, cache: object, who: Any, token: Any, deadline: object) -> EnvironmentRepo:
        opened.append((who.name, token()))
        return wired.scene.repo

    secrets = {SECRET: person("reverter").key.read_text(), "read": "read", "push": "push"}
    monkeypatch.setattr(bootstrap, "settings", lambda: known)
    monkeypatch.setattr(bootstrap, "_secrets", lambda: SimpleNamespace(get=secrets.__getitem__))
    monkeypatch.setattr("reconciler.adapters.git_repo.GitRepo", open_)
    reverter = bootstrap.reverter()
    assert reverter is not None
    accepted = wired.scene.state.accepted
    assert accepted is not None
    reverter.push(wired.scene.repo.tip(), {"dev/holds.yaml": b"x"}, "Revert", accepted.desired.signers)
    assert opened == [("reconciler", "read"), ("Reverter", used)]


def test_a_secret_that_is_not_there_is_told_to_people(
    wired: Alarmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    reverter = bootstrap.reverter()
    monkeypatch.setattr(bootstrap, "lookout", lambda holder: wired.lookout(holder, reverter=reverter))
    on_alarm.handler(spoken(wired.goes_off())["SNS"](), Context())  # type: ignore[arg-type]
    (told,) = wired.told(Reason.ALARM_RECEIVED)
    assert told.evidence[0] == "guard: CannotCommit"
    assert SECRET in told.message


def test_without_a_secret_nobody_reverts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "settings", settings)
    assert bootstrap.reverter() is None
