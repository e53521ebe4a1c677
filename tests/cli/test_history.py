"""``history``: every attempt, and whether the record is intact."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from click import unstyle

from reconciler.model.event import Event
from tests.cli.desk import Desk
from tests.engine import approving


def test_every_attempt_with_who_why_and_how_it_ended(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.publish("1.1.0", {"films": "two"})
    desk.scene.push("1.1.0", "Bump dags to 1.1.0")
    desk.scene.airflow.unparsed.add("films")
    desk.scene.tick()

    lines = desk.run("history", "dev").out.splitlines()

    assert lines[0].split()[0] == "#"
    assert lines[1].startswith("2 ")
    assert "  Ana  " in lines[1]
    assert "webhook: Bump dags to 1.1.0" in lines[1]
    assert "Failed" in lines[1]
    assert lines[2].startswith("1 ")
    assert "Succeeded" in lines[2]


def test_who_approved_it_and_which_rules_it_changed(desk: Desk) -> None:
    scene = desk.scene = approving.live()
    desk.platform.scene = scene
    scene.push("1.1.0", "Bump dags to 1.1.0")
    approving.approve(scene, by="dan@example.com", break_glass="the ledger is wrong")
    scene.tick()
    scene.environment = scene.environment.replace(b"required: 1", b"required: 0")
    scene.push("1.1.0", "Loosen")
    approving.approve(scene)
    scene.tick()

    lines = [" ".join(line.split()) for line in desk.run("history", "dev").out.splitlines()]

    assert "Ana ben Succeeded 0 s" in lines[1]
    assert "webhook: Loosen; dags 1.1.0, dbt 1.1.0, libs 1.1.0; rules: policy.approval.required" in lines[1]
    assert "Ana glass: dan Succeeded" in lines[2]
    newest, emergency, _ = desk.json("history", "dev")["operations"]
    assert (newest["approvedBy"], newest["glassBroken"]) == (["ben@example.com"], False)
    assert newest["rules"] == ["policy.approval.required: 1 → none"]
    assert (emergency["approvedBy"], emergency["glassBroken"]) == (["dan@example.com"], True)


@pytest.mark.parametrize("columns", [80, 100])
def test_no_word_is_broken_on_a_terminal(desk: Desk, columns: int) -> None:
    desk.scene = desk.platform.scene = approving.live()
    desk.terminal = True

    out = unstyle(desk.run("history", "dev", env={"COLUMNS": str(columns)}).out)

    assert max(map(len, out.splitlines())) <= columns
    words = {"Ana", "ben", "Succeeded", desk.scene.repo.tip()[:10], "webhook:", "dags", "1.0.0,"}
    assert words <= set(out.split())


def test_the_document(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})

    document = desk.json("history", "dev", "--verify")

    assert [one["attempt"] for one in document["operations"]] == [1]
    assert document["operations"][0]["versions"] == {"dags": "1.0.0", "libs": "1.0.0", "dbt": "1.0.0"}
    assert document["verified"] == {"intact": True, "events": len(desk.scene.events)}


def test_an_intact_record(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})

    assert (
        f"The record of {len(desk.scene.events)} events is intact."
        in desk.run("history", "dev", "--verify").out
    )


def test_a_changed_event_is_named(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    _tamper(
        desk, lambda events: [events[0], events[1].model_copy(update={"message": "All quiet."}), *events[2:]]
    )

    answer = desk.run("history", "dev", "--verify")

    assert answer.code == 7
    assert "broken at event 2" in answer.err


def test_a_removed_event_is_named(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    _tamper(desk, lambda events: events[1:])

    assert "broken at event 2" in desk.run("history", "dev", "--verify").err


def test_newest_events_cut_off_are_noticed(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    count = len(desk.scene.events)
    _tamper(desk, lambda events: events[:-1])

    answer = desk.run("history", "dev", "--verify", "-o", "json")

    assert answer.code == 7
    assert f"broken at event {count}" in answer.json["error"]["message"]


def test_everything_cut_off_is_noticed(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    _tamper(desk, lambda events: [])

    assert "broken at event 1" in desk.run("history", "dev", "--verify").err


def test_nothing_yet(desk: Desk) -> None:
    answer = desk.run("history", "dev", "--verify")

    assert "Nothing was ever applied to dev." in answer.out
    assert "The record of 0 events is intact." in answer.out


def _tamper(desk: Desk, change: object) -> None:
    """Let the store hold other events than were written."""
    assert callable(change)
    held = change(desk.scene.events)

    def events(environment: str, after: int, limit: int) -> Sequence[Event]:
        return tuple(event for event in held if event.sequence > after)[:limit]

    desk.scene.store.events = events  # type: ignore[method-assign]
