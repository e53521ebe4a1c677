"""What a race was made of: for people, and to see that it was hard enough to say something."""

from __future__ import annotations

from collections.abc import Iterator

from tests.race_real.evidence import Evidence


def figures(evidence: Evidence, seconds: float) -> str:
    """For people."""
    waited = [one.live_at - one.at for one in evidence.done if one.live_at]
    anew = sum(bool(evidence.restarted(run.dag_id, run.run_id)) for run in evidence.runs)
    kinds = [one.deployment.kind for one in evidence.done]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
    flips = sum(len(written) for written in evidence.pointers.values())
    tasks = sum(record.moment == "end" for record in evidence.records)
    longest, flipped = max(waited, default=0), through_a_flip(evidence)
    lines = [
        f"{len(kinds)} deployments ({counts}); {len(waited)} seen live, at most {longest:.1f} s",
        f"{len(evidence.runs)} runs, {tasks} tasks; {flipped} runs were in flight at a flip, "
        f"{anew} began anew; {flips} pointers written",
        f"{len(evidence.kills)} kills; {len(evidence.late)} copies later than promised; {seconds:.0f} s",
        *(f"  killed {kill}; the next tick began {kill.recovered:.1f} s later" for kill in evidence.kills),
    ]
    return "\n".join(lines)


def too_easy(evidence: Evidence, deployments: int, kills: int) -> Iterator[str]:
    """What was missing, without which nothing going wrong would say nothing."""
    done = evidence.done
    missing = {"body", "structure", "several", "revert"} - {one.deployment.kind for one in done}
    if missing:
        yield f"no deployment of kind {missing}"
    if len(done) < deployments or sum(bool(one.live_at) for one in done) < deployments / 2:
        yield "too few deployments"
    if len(evidence.kills) < kills:
        yield "too few kills"
    if len(evidence.runs) < deployments or all(run.kind != "scheduled" for run in evidence.runs):
        yield "too few runs"
    if not through_a_flip(evidence):
        yield "no run was in flight while its DAG was flipped"


def through_a_flip(evidence: Evidence) -> int:
    """Runs that had tasks before and after a new pointer of their DAG was written."""
    times: dict[tuple[str, str], list[float]] = {}
    for record in evidence.records:
        times.setdefault((record.dag_id, record.run_id), []).append(record.at)
    return sum(
        any(min(at) < one.at < max(at) for one in evidence.pointers[dag_id])
        for (dag_id, _), at in times.items()
    )
