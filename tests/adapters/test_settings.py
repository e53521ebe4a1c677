"""The settings of a process."""

from __future__ import annotations

import pytest

from reconciler.model.errors import Terminal
from reconciler.model.tick_time import TickTime
from reconciler.settings import Settings

ALL = {
    "RECONCILER_TABLE": "table",
    "RECONCILER_QUEUE_URL": "https://sqs/queue.fifo",
    "RECONCILER_BUS": "bus",
    "RECONCILER_ARTIFACTS": "bucket",
    "RECONCILER_REPO_URL": "https://example.com/platform.git",
    "RECONCILER_REPO_BRANCH": "trunk",
    "RECONCILER_REPO_PATH": "config/environments",
    "RECONCILER_REPO_TOKEN_SECRET": "arn:token",
    "RECONCILER_WEBHOOK_SECRET": "arn:webhook",
    "RECONCILER_ENVIRONMENTS": "dev, staging,prod",
}


def test_everything_is_read() -> None:
    settings = Settings.read({**ALL, "PATH": "/bin"})
    assert settings.table == "table"
    assert settings.repo_branch == "trunk"
    assert settings.repo_path == "config/environments"
    assert settings.environments == ("dev", "staging", "prod")
    assert settings.repo_token_secret == "arn:token"


def test_what_may_be_left_out_has_a_default() -> None:
    optional = ("REPO_BRANCH", "REPO_PATH", "REPO_TOKEN_SECRET", "WEBHOOK_SECRET")
    given = {name: text for name, text in ALL.items() if name.removeprefix("RECONCILER_") not in optional}
    settings = Settings.read(given)
    assert (settings.repo_branch, settings.repo_path) == ("main", "environments")
    assert (settings.repo_token_secret, settings.webhook_secret) == ("", "")


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert Settings.read({**ALL, "RECONCILER_REPO_BRANCH": ""}).repo_branch == "main"


def test_all_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(Terminal) as refused:
        Settings.read({"RECONCILER_BUS": "bus", "RECONCILER_TABLE": ""})
    for name in ("TABLE", "QUEUE_URL", "ARTIFACTS", "REPO_URL", "ENVIRONMENTS"):
        assert f"RECONCILER_{name}" in refused.value.message
    for name in ("BUS", "REPO_BRANCH", "REPO_TOKEN_SECRET"):
        assert f"RECONCILER_{name}" not in refused.value.message
    assert "CloudFormation" in refused.value.remedy


def test_a_lease_has_a_default_and_may_be_shorter() -> None:
    assert Settings.read(ALL).lease_seconds == TickTime.lease_seconds
    assert Settings.read({**ALL, "RECONCILER_LEASE_SECONDS": "60"}).lease_seconds == 60


@pytest.mark.parametrize("wrong", ["soon", "39", "301", "nan"])
def test_a_lease_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(Terminal, match="RECONCILER_LEASE_SECONDS"):
        Settings.read({**ALL, "RECONCILER_LEASE_SECONDS": wrong})


@pytest.mark.parametrize("names", [",", "Dev", "dev,../prod", "dev dev"])
def test_a_name_that_is_none_is_refused(names: str) -> None:
    with pytest.raises(Terminal, match="RECONCILER_ENVIRONMENTS"):
        Settings.read({**ALL, "RECONCILER_ENVIRONMENTS": names})


def test_the_processs_own_variables_are_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in ALL.items():
        monkeypatch.setenv(name, text)
    assert Settings.read() == Settings.read(ALL)


def test_what_reverts_by_itself_may_be_left_out() -> None:
    assert (Settings.read(ALL).stack, Settings.read(ALL).reverter_key_secret) == ("", "")
    assert Settings.read(ALL).reverter_token_secret == ""
    more = {"RECONCILER_STACK": "platform", "RECONCILER_REVERTER_KEY_SECRET": "arn:reverter"}
    more["RECONCILER_REVERTER_TOKEN_SECRET"] = "arn:push"
    settings = Settings.read({**ALL, **more})
    assert (settings.stack, settings.reverter_key_secret) == ("platform", "arn:reverter")
    assert settings.reverter_token_secret == "arn:push"
