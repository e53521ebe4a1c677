"""What calendars promise against what there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.ledger import LATE, MOST, Account, account, closed, excused, in_words, quiet, written
from reconciler.model.observation import DagRun
from reconciler.model.plan import DeletePointers, Flip, FlipBatch, Opening, Pause, PutRelease, Step, Unpause
from reconciler.model.state import Accounting, EnvironmentState, Fence
from tests.builders import BY_ASSETS, EACH_MINUTE, dag_pointer, release_manifest

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NEVER = {"timetable": '"airflow.timetables.simple.NullTimetable"'}
OWN = {"timetable": '"my.own.Timetable"'}
RELEASE = release_manifest(2)


def run(minute: int, state: str = "success", dag_id: str = "loads", kind: str = "scheduled") -> DagRun:
    return DagRun(
        dag_id=dag_id,
        run_id=f"{kind}__{minute}",
        state=state,
        run_type=kind,
        started_at=None if state == "queued" else NOON,
        due_at=NOON + minute * MINUTE,
    )


def flip(*dag_ids: str, new_calendar: bool = False) -> FlipBatch:
    flips = tuple(
        Flip(
            pointer=dag_pointer(RELEASE, dag_id),
            fingerprint=RELEASE.dags[dag_id].fingerprint,
            new_calendar=new_calendar,
        )
        for dag_id in dag_ids
    )
    return FlipBatch(flips=flips, seconds=1, margin_seconds=0)


def counted(
    calendars: dict[str, dict[str, str]],
    runs: Sequence[DagRun],
    minutes: int,
    owed: dict[str, bool | None] | None = None,
    **more: object,
) -> Account:
    """The account of so many minutes from noon on; ``more`` of what is remembered."""
    open_ = Accounting(since=NOON).model_copy(update=more)
    return account(calendars, runs, open_, NOON + minutes * MINUTE, owed or {})


def test_every_run_that_was_due_is_there() -> None:
    runs = [run(minute, state) for minute, state in enumerate(("failed", "running", "success"), start=1)]
    found = counted({"loads": EACH_MINUTE, "manual": NEVER}, runs, 3)
    assert (found.promised, found.dags, found.balanced) == (3, 1, True)
    assert in_words(found) == (
        "3 runs were due from 2026-03-02 12:00:00 to 12:03:00 UTC, before, during and after the deployment: "
        "each of them exists."
    )


def test_the_day_of_the_end_is_told_where_it_is_another() -> None:
    daily = EACH_MINUTE | {"timetable expression": '"0 13 * * *"'}
    found = counted({"loads": daily}, [run(60), run(25 * 60)], 37 * 60)
    assert "2 runs were due from 2026-03-02 12:00:00 to 2026-03-04 01:00:00 UTC" in in_words(found)


def test_one_that_is_not_there_is_named() -> None:
    found = counted({"loads": EACH_MINUTE}, [run(1), run(3)], 3)
    assert found.missing == ("loads: no run for 2026-03-02 12:02:00 UTC",)
    assert not found.balanced
    assert "1 missing (loads: no run for 2026-03-02 12:02:00 UTC)" in in_words(found)


def test_another_dags_run_or_another_times_does_not_stand_in() -> None:
    runs = [run(1, dag_id="other"), run(2)]
    found = counted({"loads": EACH_MINUTE}, runs, 1)
    assert found.missing == ("loads: no run for 2026-03-02 12:01:00 UTC",)


def test_one_that_has_not_begun_is_as_good_as_missed() -> None:
    found = counted({"loads": EACH_MINUTE}, [run(1, "queued")], 1)
    assert (found.missing, found.waiting) == ((), ("loads: scheduled__1 is still queued",))
    assert "1 not begun" in in_words(found)


def test_what_nobody_can_tell_is_said() -> None:
    found = counted({"loads": EACH_MINUTE, "own": OWN}, [run(1)], 1)
    assert (found.untold, found.balanced) == (("own",), True)
    assert in_words(found).endswith("Of own nobody can tell.")


@pytest.mark.parametrize(
    ("at_once", "ends", "put_off", "missing"),
    [
        ({"loads": 1}, 3.5, (2, 3), (4, 5)),
        ({"loads": 1}, None, (2, 3, 4, 5), ()),
        ({"loads": 2}, 3.5, (), (2, 3, 4, 5)),
        ({"loads": None}, 3.5, (2, 3), (4, 5)),
        ({}, 4.0, (2, 3, 4), (5,)),
    ],
)
def test_what_airflow_leaves_out_because_runs_are_in_flight_is_not_missing(
    at_once: dict[str, int | None], ends: float | None, put_off: tuple[int, ...], missing: tuple[int, ...]
) -> None:
    long = run(1).model_copy(update={"started_at": NOON + 1.5 * MINUTE})
    if ends is not None:
        long = long.model_copy(update={"ended_at": NOON + ends * MINUTE})
    later = run(6).model_copy(update={"queued_at": NOON + 6 * MINUTE, "started_at": NOON + 7 * MINUTE})
    other = run(1, dag_id="other")
    found = counted({"loads": EACH_MINUTE}, [run(1), run(6)], 6)
    found = excused(found, [long, later, other], at_once)
    assert [at for due in found.put_off.values() for at in due] == [NOON + n * MINUTE for n in put_off]
    assert [at for due in found.gaps.values() for at in due] == [NOON + n * MINUTE for n in missing]
    assert found.balanced is not bool(missing)


def test_what_airflow_leaves_out_is_told() -> None:
    in_the_way = run(1).model_copy(update={"queued_at": NOON})
    found = excused(counted({"loads": EACH_MINUTE}, [run(1)], 2), [in_the_way], {"loads": 1})
    assert in_words(found).endswith(
        "1 left out by Airflow, or put off, for the DAG had as many in flight as it may "
        "(loads: the run for 2026-03-02 12:02:00 UTC); each of the others exists."
    )


def test_what_is_not_active_is_named() -> None:
    found = counted({"loads": EACH_MINUTE}, [run(1)], 1).model_copy(update={"inactive": ("loads",)})
    assert in_words(found).endswith("Not active in Airflow, so that no run starts: loads.")


@pytest.mark.parametrize(
    ("owed", "missing", "said"),
    [
        ({"mart": False}, (), "Of 1 DAG that assets start, no run is owed."),
        ({"mart": False, "wide": False}, (), "Of 2 DAGs that assets start, no run is owed."),
        (
            {"mart": True, "wide": False},
            ("mart: no run for its asset events",),
            "Of 2 DAGs that assets start, a run is owed to mart. Look at the DAG in Airflow; "
            "`airflow backfill create` makes runs by the clock.",
        ),
        ({"mart": None}, (), "UTC. Of mart nobody can tell."),
    ],
)
def test_what_assets_owe_is_told_by_the_dag(
    owed: dict[str, bool | None], missing: tuple[str, ...], said: str
) -> None:
    found = counted({"mart": BY_ASSETS, "wide": BY_ASSETS}, [], 1, owed)
    assert (found.promised, found.missing, found.balanced) == (0, missing, not missing)
    assert in_words(found).startswith("No run was due by the clock from 2026-03-02 12:00:00")
    assert in_words(found).endswith(said)


def test_what_we_set_out_to_create_and_is_there_is_told_as_ours() -> None:
    runs = [run(1, "queued", kind="backfill"), run(2, "queued"), run(3, "queued", kind="backfill")]
    ours = {"loads": (NOON + MINUTE, NOON + 2 * MINUTE), "mart": (), "wide": ()}
    owed: dict[str, bool | None] = {"mart": False, "wide": True}
    found = counted({"loads": EACH_MINUTE, "mart": BY_ASSETS}, runs, 3, owed, creating=ours)
    assert found.created == ("loads: the run for 2026-03-02 12:01:00 UTC", "mart: a run for its asset events")
    assert found.waiting == (
        "loads: scheduled__2 is still queued",
        "loads: backfill__3 is still queued",
    )
    assert found.owed == ("wide",)
    assert "Created, for they were missing: loads: the run for 2026-03-02 12:01:00 UTC, mart" in in_words(
        found
    )


def test_what_is_left_to_people_is_named() -> None:
    found = counted({"loads": EACH_MINUTE}, [], 1)
    assert "Not created: loads; the evidence says why" in in_words(found, ["loads"])
    assert "Not created" not in in_words(found)


def test_while_a_dag_is_paused_the_deployment_is_not_over() -> None:
    fence = Fence(opened_at=NOON, ours=True)
    open_ = EnvironmentState(environment="dev", accounting=Accounting(since=NOON), fences={"one": fence})
    assert closed(open_, NOON + MINUTE) == open_.accounting
    over = closed(open_.model_copy(update={"fences": {}}), NOON + MINUTE)
    assert over is not None
    assert over.until == NOON + MINUTE


@pytest.mark.parametrize(
    ("open_", "until"),
    [
        (Accounting(since=NOON, written_at=NOON), NOON + LATE),
        (Accounting(since=NOON - LATE), NOON + LATE),
        (Accounting(since=NOON, written_at=NOON + MINUTE), None),
        (Accounting(since=NOON, written_at=NOON, until=NOON + MINUTE), NOON + MINUTE),
    ],
)
def test_what_has_written_nothing_for_some_time_is_over_so_far(
    open_: Accounting, until: datetime | None
) -> None:
    state = EnvironmentState(environment="dev", accounting=open_)
    found = quiet(state, NOON + LATE + MINUTE / 2)
    assert found is not None
    assert found.until == until
    fenced = state.model_copy(update={"fences": {"one": Fence(opened_at=NOON, ours=True)}})
    assert quiet(fenced, NOON + LATE + MINUTE / 2) == open_
    assert quiet(EnvironmentState(environment="dev"), NOON) is None


def test_the_time_begins_shortly_before_the_first_write() -> None:
    assert written(None, PutRelease(release=RELEASE.id, key="key"), NOON) is None
    first = written(None, flip("dag_000"), NOON)
    second = written(first, Unpause(dag_ids=("dag_000",), not_before=NOON), NOON + MINUTE)
    assert second == Accounting(since=NOON - LATE, written_at=NOON + MINUTE)


@pytest.mark.parametrize(
    ("step", "skipped"),
    [
        (flip("dag_000", "dag_001"), set()),
        (flip("dag_000", new_calendar=True), {"dag_000"}),
        (DeletePointers(dag_ids=("dag_001",)), {"dag_001"}),
        (Pause(fences={"dag_000": Opening(ours=True), "dag_001": Opening(ours=False)}), {"dag_001"}),
    ],
)
def test_what_comes_goes_or_is_paused_by_a_person_owes_nothing_certain(step: Step, skipped: set[str]) -> None:
    after = written(Accounting(since=NOON, skipped=frozenset({"before"})), step, NOON)
    assert after is not None
    assert after.skipped == {"before", *skipped}


def test_another_write_tries_anew_what_was_refused() -> None:
    before = Accounting(since=NOON, until=NOON, refused={"one": "one: no."}, creating={"one": (NOON,)})
    after = written(before, flip("dag_000"), NOON + MINUTE)
    assert after is not None
    assert (after.since, after.until, after.refused, after.creating) == (NOON, None, {}, {"one": (NOON,)})


def test_of_very_many_the_newest_are_looked_at_and_that_is_said() -> None:
    runs = [run(minute) for minute in range(100, MOST + 100)]
    found = counted({"loads": EACH_MINUTE}, runs, MOST + 99)
    assert (found.promised, found.missing, found.cut) == (MOST, (), ("loads",))
    assert f"More were due of loads: only the newest {MOST} of a DAG were looked at." in in_words(found)
    found = counted({"loads": EACH_MINUTE}, runs[:-1], MOST + 99)
    assert len(found.missing) == 1
    assert counted({"loads": EACH_MINUTE}, [], MOST).cut == ()
