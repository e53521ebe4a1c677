"""Each check of `make demo` turns red when what it checks is wrong.

The story is played once on a real stack, and what each check saw when it held is recorded. Then faults are
planted: into that recording for every check, several per kind (`tests/demo/faults.py`); and, below, into the
real outside where that is cheap: the DAG folder in S3, Airflow's DAGs and runs, PostgreSQL, the webhook. What
is told by events and by commands, and what a finished task returned, is only faked in recordings: neither can
be changed from outside. A check that measures seconds is red when it does not hold before its deadline, which
`test_play.py` shows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from local.demo.checks import airflow, films, folder, repo, told
from local.demo.checks.check import Check, Judgement
from local.demo.code_repo import SLOW
from local.demo.films import destination_url
from local.demo.live import PREFIX
from local.demo.scenes import SCENES
from local.demo.story import PROBE
from tests.demo.evidence import RecordedStory
from tests.demo.faults import FAULTS

pytestmark = pytest.mark.stack

CHECKS = [check for scene in SCENES for check in scene.checks]
PLANTED = [(check, fault) for check in CHECKS for fault in FAULTS[check.judge]]
GENERATED = folder.pointer("generated_0000")


def test_the_story_is_green(played: RecordedStory) -> None:
    """Otherwise a check that is always red would pass for one that can turn red."""
    assert [(one.name, one.why) for one in played.results if not one.held] == []
    assert [one.name for one in played.results] == [check.name for check in CHECKS]


@pytest.mark.parametrize(("check", "fault"), PLANTED, ids=lambda one: getattr(one, "name", one))
def test_recorded_faults(played: RecordedStory, check: Check[Any], fault: str) -> None:
    evidence = played.evidence[check.name]
    assert evidence.judge().held
    judgement = FAULTS[check.judge][fault](evidence).judge()
    assert not judgement.held
    assert judgement.why


@pytest.fixture
def mended(played: RecordedStory) -> Iterator[RecordedStory]:
    """The real outside; its DAG folder is as it was after the test."""
    before = played.outside.folder()
    yield played
    s3, bucket = played.outside.s3, played.outside.bucket
    for key, stored in played.outside.folder().items():
        if key not in before:
            s3.delete_object(Bucket=bucket, Key=PREFIX + key)
        elif stored != before[key]:
            s3.put_object(Bucket=bucket, Key=PREFIX + key, Body=before[key].body)
    for key in before.keys() - played.outside.folder().keys():
        s3.put_object(Bucket=bucket, Key=PREFIX + key, Body=before[key].body)
    _until(lambda: airflow.runs_releases(played.outside, played.expected), held=True)
    _until(lambda: airflow.imports_everything(played.outside, 0), held=True)


def test_another_release_in_airflow_turns_it_red(mended: RecordedStory) -> None:
    expected = mended.expected
    loads = folder.Loads(PROBE, expected[PROBE])
    assert airflow.runs_releases(mended.outside, expected).held
    assert folder.loads(mended.outside, loads).held
    older = mended.outside.versions(folder.pointer(PROBE))[0]
    _put(mended, folder.pointer(PROBE), older)
    assert not folder.loads(mended.outside, loads).held
    _until(lambda: airflow.runs_releases(mended.outside, expected), held=False)


def test_a_file_that_does_not_import_turns_it_red(mended: RecordedStory) -> None:
    assert airflow.imports_everything(mended.outside, 0).held
    _put(mended, "broken.py", b"# airflow dag\nraise RuntimeError('planted')\n")
    _until(lambda: airflow.imports_everything(mended.outside, 0), held=False)


def test_a_written_object_turns_it_red(mended: RecordedStory) -> None:
    before, versions = mended.live(), mended.outside.versions(GENERATED)
    named = tuple(folder.release_named(body) for body in versions)
    untouched = folder.Unchanged(before.folder, frozenset({folder.pointer(PROBE)}))
    judges: list[Callable[[], Judgement]] = [
        lambda: folder.untouched(mended.outside, untouched),
        lambda: folder.restored(mended.outside, {GENERATED: before.folder[GENERATED].body}),
        lambda: folder.nothing_changed(mended.outside, before),
        lambda: folder.written(mended.outside, folder.Written("generated_0000", 0, named)),
    ]
    assert all(judge().held for judge in judges)
    _put(mended, GENERATED, versions[-1] + b"# planted\n")
    assert not any(judge().held for judge in judges)


def test_a_deleted_object_turns_it_red(mended: RecordedStory) -> None:
    before = mended.live()
    mended.outside.s3.delete_object(Bucket=mended.outside.bucket, Key=PREFIX + GENERATED)
    assert not folder.untouched(mended.outside, folder.Unchanged(before.folder)).held
    assert not folder.restored(mended.outside, {GENERATED: before.folder[GENERATED].body}).held
    assert not folder.nothing_changed(mended.outside, before).held


def test_a_failed_run_turns_it_red(played: RecordedStory) -> None:
    run = airflow.Run(PROBE, "demo-1.1.0")
    said = airflow.Said(run, "report", {"dag": "1.1.0"})
    assert airflow.succeeded(played.outside, run).held
    assert airflow.executed(played.outside, said).held
    assert not airflow.executed(played.outside, airflow.Said(run, "report", {"dag": "1.0.0"})).held
    played.outside.airflow.mark(PROBE, run.run_id, "failed")
    assert not airflow.succeeded(played.outside, run).held
    assert not airflow.executed(played.outside, said).held


def test_a_paused_dag_turns_it_red(played: RecordedStory) -> None:
    outside = played.outside
    switched = airflow.Switched(SLOW, len(outside.switched(SLOW)))
    assert airflow.never_switched(outside, switched).held
    assert airflow.paused_as(outside, {SLOW: False}).held
    outside.airflow.pause(SLOW)
    assert not airflow.never_switched(outside, switched).held
    assert not airflow.paused_as(outside, {SLOW: False}).held
    assert not airflow.paused_for_the_flip(outside, switched).held
    outside.airflow.unpause(SLOW)
    assert airflow.paused_for_the_flip(outside, switched).held
    outside.airflow.unpause(SLOW)
    assert not airflow.paused_for_the_flip(outside, switched).held


def test_a_lost_row_turns_it_red(played: RecordedStory) -> None:
    rows = played.outside.source_films()
    assert films.rows(played.outside, rows).held
    with psycopg.connect(destination_url(played.info)) as connection:
        connection.execute("DELETE FROM raw.users WHERE user_id = 1")
    assert not films.rows(played.outside, rows).held


def test_a_push_turns_it_red(played: RecordedStory) -> None:
    environment = played.environment
    head = environment.head
    assert repo.tip_is(played.outside, head).held
    environment.write("environments/NOTES.md", "Planted.\n")
    environment.commit("Planted")
    environment.push()
    assert not repo.tip_is(played.outside, head).held


def test_another_persons_signature_turns_it_red(played: RecordedStory) -> None:
    ana, ben = f"approval/dev/{_approved(played)}/ana@finedge.example", "ben@finedge.example"
    assert repo.signed_by(played.outside, repo.Signed(ana, "ana@finedge.example")).held
    assert not repo.signed_by(played.outside, repo.Signed(ana, ben)).held
    assert not repo.signed_by(played.outside, repo.Signed(ana.replace("/ana", "/eve"), ben)).held


def test_an_accepted_webhook_turns_it_red(played: RecordedStory) -> None:
    """The other way round: a webhook that is properly signed must not pass for one that was refused."""
    hooks = played.info.webhooks
    status = hooks.redeliver(hooks.recorded()[-1])
    assert told.answered(played.outside, told.Answers((status,), 202)).held
    assert not told.answered(played.outside, told.Answers((status,), 401)).held


def _approved(story: RecordedStory) -> str:
    """The commit that was approved."""
    return next(
        one.expected.tag.split("/")[2]
        for one in story.evidence.values()
        if isinstance(one.expected, repo.Signed)
    )


def _put(story: RecordedStory, key: str, body: bytes) -> None:
    story.outside.s3.put_object(Bucket=story.outside.bucket, Key=PREFIX + key, Body=body)


def _until(judge: Callable[[], Judgement], *, held: bool) -> None:
    deadline = time.monotonic() + 60
    while judge().held is not held:
        assert time.monotonic() < deadline, judge()
        time.sleep(0.2)
