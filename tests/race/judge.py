"""Says what went wrong in a race, from what tasks wrote down and from what lies in the folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.pointer_file import pointer_key
from tests.race.choice import call_of
from tests.race.people import People
from tests.race.platform import Platform, every
from tests.race.records import Run, TaskRecord

LONGEST_PAUSE = 600.0
"""Seconds for which a DAG may be paused by us, when everything has to be tried twice."""

LATEST = LONGEST_PAUSE + 60
"""Seconds after an asset event in which a run has to be made of it."""


def mixed(runs: Sequence[Run], platform: Platform) -> Iterator[str]:
    """Runs of two releases, of a graph that is not their release's, or of one that changed under them.

    A run that was restarted counts from its last restart: before it, it was a run of a condemned release.
    """
    for run in runs:
        records = [record for record in run.records if record.life == run.life]
        if len({record.release for record in records}) > 1:
            yield f"{_name(run)} has tasks of two releases: {_told(records)}; {_past(run, platform)}"
        changes = [told for life, told in run.changes if life == run.life]
        wrong = [record for record in records if record.tasks != run.graphs[run.life]]
        if changes:
            yield f"{_name(run)}: {changes[0]}; {_past(run, platform)}"
        elif wrong:
            graph = run.graphs[run.life]
            told = f"has the graph {graph}, the release of its tasks another: {_told(wrong)}"
            yield f"{_name(run)} {told}; {_past(run, platform)}"


def rolled_back(runs: Sequence[Run], people: People, settled: dict[str, float]) -> Iterator[str]:
    """Tasks that began on what a rollback had left, after its success was told and before the next push."""
    for number, one in enumerate(people.deployments):
        done = settled.get(one.commit)
        earlier = [old.number for old in people.deployments[:number] if old.version == one.version]
        if one.kind != "revert" or done is None or not earlier:
            continue
        since = people.deployments[earlier[-1] - 1 : number]
        # To revert a revert is to go forward.
        if since[0].commit not in settled or any(old.kind == "revert" for old in since[1:]):
            continue
        left = people.deployments[number - 1].version
        later = people.deployments[number + 1 :]
        until = later[0].at if later else float("inf")
        touched = [
            name for name in one.version.dags if left.fingerprint(name) != one.version.fingerprint(name)
        ]
        for run in runs:
            for record in run.records if run.dag_id in touched else ():
                if done < record.at < until and record.fingerprint == left.fingerprint(run.dag_id):
                    yield f"{_name(run)} ran what was rolled back at {done:.1f}: {_told([record])}"


def lost(platform: Platform, people: People) -> Iterator[str]:
    """Runs that are owed, or did not end; tasks that did not find their release."""
    for row in platform.rows.values():
        for at, excused in row.overdue:
            if not excused and row.dag_id in people.wanted.dags:
                yield f"{row.dag_id}: the scheduled run of {at:.1f} was never created"
        made = sorted(run.created_at for run in platform.runs if run.dag_id == row.dag_id and _by_event(run))
        for event in row.events:
            if not event.excused and not any(0 <= at - event.at < LATEST for at in made):
                yield f"{row.dag_id}: no run was made of the asset event of {event.at:.1f}"
    for run in platform.runs:
        if run.state != "success" and run.dag_id in people.wanted.dags:
            yield f"{_name(run)} never ended: it is {run.state}; {_past(run, platform)}"
        blamed = [at for at in run.misses if not any(0 <= at - edit < 300 for edit, _ in people.edits)]
        if blamed:
            yield f"{_name(run)} did not find its release at {blamed[0]:.1f}; {_past(run, platform)}"


def paused(platform: Platform, people: People, pauses: Sequence[tuple[str, float, float]]) -> Iterator[str]:
    """DAGs left paused by us, or for long; DAGs not paused that a person paused."""
    for row in platform.rows.values():
        if row.paused and row.ours:
            yield f"{row.dag_id} is left paused since {row.paused_at:.1f}"
        if row.dag_id in people.paused and not row.paused:
            yield f"{row.dag_id} is not paused, though a person paused it"
    for dag_id, at, seconds in pauses:
        if seconds > LONGEST_PAUSE:
            yield f"{dag_id} was paused by us from {at:.1f} for {seconds:.0f} s"


def _by_event(run: Run) -> bool:
    return run.kind == "asset_triggered" or (run.kind == "manual" and every(run.dag_id) is None)


def _name(run: Run) -> str:
    return f"{run.dag_id} {run.run_id} (started {run.started_at:.1f}, lives {run.life + 1})"


def _told(records: Sequence[TaskRecord]) -> str:
    return ", ".join(
        f"{one.task} at {one.at:.1f} on {one.release[:6]} in {one.container} {one.tasks}" for one in records
    )


def _past(run: Run, platform: Platform) -> str:
    """The pointers around a run: when written, and what they said."""
    lines = []
    for at, body in platform.folder.versions(pointer_key(run.dag_id)):
        if run.started_at - 300 < at < (run.ended_at or run.started_at + 3600) + 60:
            call = call_of(body) if body is not None else None
            history = [f"{entry[0][:6]} since {entry[3][11:23]}" for entry in call.history] if call else None
            lines.append(f"{at:.1f}: {history}")
    return f"started by Airflow's clock {run.start}; pointers: {lines}"
