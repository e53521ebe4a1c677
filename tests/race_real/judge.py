"""Says what went wrong in a race: from tasks' own records, and what Airflow, S3 and events say. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from reconciler.model.reason import Reason
from tests.race_real.airflow import Run
from tests.race_real.evidence import Evidence
from tests.race_real.plan import MINUTE
from tests.race_real.records import Record
from tests.race_real.stage import MARGIN_SECONDS, SYNC_SECONDS

UNEXPECTED = {Reason.DRIFT_DETECTED, Reason.FOREIGN_FILE, Reason.POISON_MESSAGE, Reason.HEALTH_CHECK_FAILED}
"""Nobody does in a race what these tell of."""

BEGIN = 60.0


def judge(evidence: Evidence) -> list[str]:
    """All that went wrong; empty if nothing did."""
    rules = (torn, mixed, disturbed, lost, left_paused, twice, rolled_back, told)
    return [line for rule in rules for line in rule(evidence)]


def torn(evidence: Evidence) -> Iterator[str]:
    """Tasks whose DAG and libraries are of different releases, or not of the one that they ran from."""
    names = {release: name for name, release in evidence.releases.items()}
    for record in evidence.records:
        marks = {record.dag, record.early, record.late or record.dag}
        name = names.get(record.release)
        expected = evidence.course.versions[name].dags[record.dag_id].mark if name else "none"
        if marks != {expected}:
            yield f"{record.dag_id} {record.run_id}: {record}, but its release has {expected}"


def mixed(evidence: Evidence) -> Iterator[str]:
    """Runs that have tasks of two releases. One that was restarted counts from there on."""
    for run, records in _by_run(evidence):
        if len({record.dag for record in _counted(evidence, run, records)}) > 1 and not _excused(
            evidence, run, records
        ):
            yield f"{_name(run, records)} has tasks of two releases: {_story(evidence, run, records)}"


def disturbed(evidence: Evidence) -> Iterator[str]:
    """Runs whose graph is not the one of the release that they ran, or whose tasks ran in another order."""
    for run, records in _by_run(evidence):
        counted = [record for record in _counted(evidence, run, records) if record.moment == "end"]
        if not counted or run.state != "success" or _excused(evidence, run, records):
            continue
        graph = evidence.course.spec(run.dag_id, counted[-1].dag).tasks
        ran, known = tuple(record.task_id for record in counted), _tasks(evidence, run)
        if ran != graph or known != dict.fromkeys(graph, "success"):
            yield (
                f"{_name(run, records)} was disturbed: its release has the chain {graph}, it ran {ran}, "
                f"Airflow says {known}: {_story(evidence, run, records)}"
            )


def lost(evidence: Evidence) -> Iterator[str]:
    """Runs that were asked for and are not there, that did not succeed, or minutes without a run."""
    there = {(run.dag_id, run.run_id) for run in evidence.runs}
    for dag_id, run_id in evidence.started:
        if (dag_id, run_id) not in there:
            yield f"{dag_id} {run_id} was started and is not there"
    for run, records in _by_run(evidence):
        if run.state != "success":
            tasks = evidence.tasks[run.dag_id, run.run_id]
            yield f"{_name(run, records)} is {run.state} {tasks}: {_story(evidence, run, records)}"
    due = sorted(run.due for run in evidence.runs if run.dag_id == MINUTE and _by_clock(run))
    for before, after in pairwise(due):
        if after - before > 60:
            yield f"{MINUTE}: no run between {before:.0f} and {after:.0f}, though one was due each minute"
        if after == before:
            yield f"{MINUTE}: two runs for {before:.0f}"


def _by_clock(run: Run) -> bool:
    return run.kind in ("scheduled", "backfill")


def left_paused(evidence: Evidence) -> Iterator[str]:
    """DAGs that are paused when all is over; nobody but the reconciler pauses any."""
    for dag_id in evidence.paused:
        yield f"{dag_id} is left paused"


def twice(evidence: Evidence) -> Iterator[str]:
    """Pointers that were written again although nothing had changed."""
    for dag_id, written in evidence.pointers.items():
        for before, after in pairwise(written):
            old, new = before.call, after.call
            again = old.history[0][0] == new.history[0][0]
            shorter = len(new.history) < len(old.history) and old.history[0] == new.history[0]
            if before.body == after.body or (again and not shorter):
                yield (
                    f"{dag_id}: flipped twice to {new.history[0][0][:6]}, at {before.at:.1f} and "
                    f"{after.at:.1f}: {_entries(before.call.history)} then {_entries(new.history)}"
                )


def rolled_back(evidence: Evidence) -> Iterator[str]:
    """Tasks that began on what a rollback had left, once it was seen to be live and until the next push."""
    for place, done in enumerate(evidence.done):
        deployment = done.deployment
        if not (done.live_at and deployment.before and _rolls_back(evidence, place)):
            continue
        until = evidence.done[place + 1].at if place + 1 < len(evidence.done) else float("inf")
        for record in evidence.records:
            left = deployment.before.dags[record.dag_id].mark
            if record.dag_id not in deployment.touched or record.dag != left:
                continue
            if record.moment == "begin" and done.live_at < record.at < until:
                yield f"{record.dag_id} {record.run_id}: {record}, rolled back at {done.live_at:.2f}"


def told(evidence: Evidence) -> Iterator[str]:
    """Events that tell of what nobody did."""
    began = min((done.at for done in evidence.done), default=0) + BEGIN
    for event in evidence.events:
        if event.reason in UNEXPECTED and event.at.timestamp() > began:
            yield f"event {event.sequence}: {event.reason}, {event.message} {event.evidence}"


def _rolls_back(evidence: Evidence, place: int) -> bool:
    """Does it go back to what was live as a whole? To revert a revert is to go forward."""
    done = evidence.done[place]
    if done.deployment.kind != "revert" or evidence.done[place - 1].deployment.kind == "revert":
        return False
    same = {one.commit for one in evidence.done[:place] if one.deployment.version == done.deployment.version}
    return any(
        event.reason is Reason.RECONCILIATION_SUCCEEDED
        and event.revision in same
        and event.at.timestamp() < done.at
        for event in evidence.events
    )


def _by_run(evidence: Evidence) -> Iterator[tuple[Run, Sequence[Record]]]:
    found: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in evidence.records:
        found[record.dag_id, record.run_id].append(record)
    return ((run, found[run.dag_id, run.run_id]) for run in evidence.runs)


def _counted(evidence: Evidence, run: Run, records: Sequence[Record]) -> list[Record]:
    """The records that have to agree: all, or of a run that began anew each task's last ones."""
    if not evidence.restarted(run.dag_id, run.run_id):
        return list(records)
    last = {record.task_id: record.number for record in records}
    # All of its tasks were cleared: those that are not in its graph any more do not run again.
    tasks = _tasks(evidence, run)
    return [record for record in records if record.number == last[record.task_id] and record.task_id in tasks]


def _tasks(evidence: Evidence, run: Run) -> dict[str, str]:
    """A run's tasks and their states, but for those that its graph lost before they began.

    Airflow makes the tasks of a run when it is queued: a graph that changes until it starts is no harm. Nor
    is it to a run that begins anew.
    """
    anew = evidence.restarted(run.dag_id, run.run_id)
    began = {
        record.task_id
        for record in evidence.records
        if (record.dag_id, record.run_id) == (run.dag_id, run.run_id) and record.at > anew
    }
    tasks = evidence.tasks[run.dag_id, run.run_id]
    return {name: state for name, state in tasks.items() if state != "removed" or name in began}


def _excused(evidence: Evidence, run: Run, records: Sequence[Record]) -> bool:
    """Did a container around this run have a pointer later than it is promised to be there?"""
    start = min((record.start for record in records), default=0)
    return any(
        late.dag_id == run.dag_id
        and late.written - 1 <= start <= late.arrived + MARGIN_SECONDS + SYNC_SECONDS
        for late in evidence.late
    )


def _name(run: Run, records: Sequence[Record]) -> str:
    starts = sorted({f"{record.start:.2f}" for record in records})
    return f"{run.dag_id} {run.run_id} (started {', '.join(starts)})"


def _story(evidence: Evidence, run: Run, records: Sequence[Record]) -> str:
    """All around a run, in the order of time: its tasks, the pointers, the events."""
    if not records:
        return "none of its tasks began"
    begin, end = records[0].at - 20, records[-1].at + 10
    lines = [(record.at, str(record)) for record in records]
    lines += [(one.at, f"POINTER {_entries(one.call.history)}") for one in evidence.pointers[run.dag_id]]
    lines += [
        (event.at.timestamp(), f"EVENT {event.reason}: {event.message} {list(event.evidence)}")
        for event in evidence.events
    ]
    lines += [(done.at, f"PUSH {done.deployment.number} {done.deployment.kind}") for done in evidence.done]
    lines += [(kill.at, f"KILL {kill}") for kill in evidence.kills]
    near = sorted(line for line in lines if begin < line[0] < end)
    return "\n  " + "\n  ".join(f"{at:.2f} {text}" for at, text in near)


def _entries(history: Sequence[tuple[str, str, str, str]]) -> list[str]:
    return [f"{release[:6]} since {since[11:23]}" for release, _, _, since in history]
