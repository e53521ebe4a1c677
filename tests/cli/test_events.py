"""``events``: what happened, why, and what to do."""

from __future__ import annotations

import json

from reconciler.model.event import EventDraft
from reconciler.model.reason import Reason, Severity
from tests.builders import event_draft
from tests.cli.desk import Desk


def test_events_are_listed_oldest_first(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})

    out = desk.run("events", "dev").out

    numbers = [line.split()[0] for line in out.splitlines()[1:]]
    assert numbers == [str(event.sequence) for event in desk.scene.events]
    assert "ReconciliationSucceeded" in out
    assert desk.scene.events[-1].message in out


def test_the_newest_are_shown(desk: Desk) -> None:
    for number in range(1, 8):
        desk.scene.store.append("dev", event_draft(f"number {number}"))

    document = desk.json("events", "dev", "--limit", "3")

    assert [event["message"] for event in document["events"]] == ["number 5", "number 6", "number 7"]


def test_evidence_is_shown_on_request(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.folder.tamper("films.py", b"# mine\n")
    desk.scene.tick()

    assert "· films.py" not in desk.run("events", "dev").out
    assert "· films.py" in desk.run("events", "dev", "--evidence").out


def test_nothing_yet(desk: Desk) -> None:
    assert "Nothing has happened in dev yet." in desk.run("events", "dev").out
    assert desk.json("events", "dev") == {"environment": "dev", "events": []}


def test_following_tells_each_event_once_until_ctrl_c(desk: Desk) -> None:
    desk.scene.store.append("dev", event_draft("first"))
    desk.meanwhile(lambda: desk.scene.store.append("dev", event_draft("second")), lambda: None, _ctrl_c)

    answer = desk.run("events", "dev", "--follow")

    assert answer.code == 130
    told = [line.split(" ", 1)[1] for line in answer.out.splitlines()]
    assert [line.rsplit(" ", 1)[1] for line in told] == ["first", "second"]


def test_following_as_json_is_one_document_per_line(desk: Desk) -> None:
    desk.scene.store.append("dev", event_draft("first"))
    desk.meanwhile(lambda: desk.scene.store.append("dev", event_draft("second")), _ctrl_c)

    answer = desk.run("events", "dev", "--follow", "-o", "json")

    assert [json.loads(line)["message"] for line in answer.out.splitlines()] == ["first", "second"]


def test_text_from_outside_cannot_steer_the_terminal(desk: Desk) -> None:
    evil = EventDraft(
        reason=Reason.PROGRESSING, severity=Severity.ERROR, message="by \x1b[2J\x07 \u202enobody"
    )
    desk.scene.store.append("dev", evil)

    out = desk.run("events", "dev").out

    assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert desk.json("events", "dev")["events"][0]["message"] == evil.message


def _ctrl_c() -> None:
    raise KeyboardInterrupt
