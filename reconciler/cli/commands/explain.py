"""``reconciler explain``: why DAGs are as they are, in sentences; from what the last tick wrote down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.context import Cli, EnvironmentArgument, OutputOption, begin
from reconciler.cli.errors import Usage
from reconciler.cli.gates import Said, said_by_gates
from reconciler.cli.output import Format, when
from reconciler.cli.watched import failed, said_of_alarms
from reconciler.model.reason import ConditionType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.event import Event
    from reconciler.model.state import EnvironmentState
    from reconciler.model.verdict import Verdict

_NEWEST = 200
"""Events among which those about alarms are looked for."""


def explain(
    ctx: typer.Context,
    env: EnvironmentArgument,
    dag: Annotated[str | None, typer.Argument(metavar="[DAG]", help="All that wait by default.")] = None,
    output: OutputOption = Format.TEXT,
) -> None:
    """Say why DAGs are as they are: what they run, what they wait for, until when, what to do.

    Shows what the last tick found. Without a DAG, those that wait for something, and what became of alarms.
    """
    cli = begin(ctx, output)
    state = cli.platform.store().load(cli.known(env))
    if dag is not None and dag not in _known(state):
        raise Usage(f"{env} knows no DAG {dag!r}.", f"`reconciler status {env} --dags` lists those that run.")
    found = {one: list(_sentences(state, one)) for one in ([dag] if dag is not None else _waiting(state))}
    condition = state.conditions.get(ConditionType.STALLED)
    stalled = condition.message if condition is not None and condition.status else None
    alarms = said_of_alarms(state, _recent(cli, state)) if dag is None else []
    gates = [(said, verdict) for said in said_by_gates(state) for verdict in said.closed]
    bad = failed(state) if dag is None else ""
    cli.out.document(
        {
            "environment": env,
            "stalled": stalled,
            "failed": bad or None,
            "dags": found,
            "gates": [
                {**verdict.to_json(), "revision": said.revision, "begun": said.begun}
                for said, verdict in gates
            ],
            "alarms": [{"what": title, "said": sentences} for title, sentences in alarms],
        }
    )
    if bad:
        cli.out.line(f"! {bad}", "yellow")
    if stalled is not None:
        cli.out.line(f"! {env} is stalled: {stalled}", "yellow")
    if not found and not gates and stalled is None and not bad:
        cli.out.line(f"✓ No DAG of {env} waits for anything.", "green")
    for name, sentences in found.items():
        _tell(cli, name, sentences)
    for said, verdict in gates:
        _tell(cli, f"gate {verdict.gate} ({said.commit})", _about(verdict))
    for title, sentences in alarms:
        _tell(cli, title, sentences)


def _recent(cli: Cli, state: EnvironmentState) -> Sequence[Event]:
    """The newest events; none are asked for where nothing was ever watched."""
    if state.watch is None and not state.reverts:
        return ()
    return cli.platform.store().events(state.environment, max(0, state.sequence - _NEWEST), _NEWEST)


def _tell(cli: Cli, title: str, sentences: Sequence[str]) -> None:
    cli.out.line(title, "bold")
    for sentence in sentences:
        cli.out.line(f"  {sentence}")


def _known(state: EnvironmentState) -> set[str]:
    named = {
        dag_id for said in said_by_gates(state) for verdict in said.verdicts for dag_id in verdict.dag_ids
    }
    return {*state.live, *state.fences, *state.rejected, *named}


def _waiting(state: EnvironmentState) -> list[str]:
    named = {dag_id for said in said_by_gates(state) for verdict in said.closed for dag_id in verdict.dag_ids}
    return sorted({*named, *state.fences, *state.rejected})


def _sentences(state: EnvironmentState, dag_id: str) -> Iterator[str]:
    live, fence = state.live.get(dag_id), state.fences.get(dag_id)
    rejected = state.rejected.get(dag_id)
    if live is None:
        yield "It is not deployed here yet."
    else:
        seen = "was seen running so" if live.verified else "has not been seen running so yet"
        yield f"It runs release {live.pointer.release} since {when(live.flipped_at)}; Airflow {seen}."
        for entry in live.pointer.history[1:]:
            yield f"Runs that began before {when(live.pointer.history[0].since)} finish on {entry.release}."
    if fence is not None:
        paused = "We paused it" if fence.ours else "It was paused already, and stays so"
        yield f"{paused}; it is changed behind a fence that was opened at {when(fence.opened_at)}."
    if rejected is not None:
        yield f"Airflow could not import it as release {rejected.release} has it: {rejected.message}"
    accepted = state.accepted.desired.holds.pins if state.accepted is not None else ()
    for one in (pin for pin in accepted if pin.dag == dag_id):
        yield f"{one.by} pinned it to release {one.release} at {when(one.since)}: {one.reason}"
    if dag_id in state.held:
        yield f"Its runs hold back its change since {when(state.held[dag_id])}."
    waits = {said.begun: (said, _gates_of(said, dag_id)) for said in said_by_gates(state)}
    begun, outside = waits.get(True), waits.get(False)
    yield f"It waits for: {begun[1]}." if begun is not None and begun[1] else "It waits for nothing."
    if outside is not None and outside[1]:
        yield f"{outside[0].commit.capitalize()}, waits for: {outside[1]}."


def _gates_of(said: Said, dag_id: str) -> str:
    """The gates that hold back one DAG."""
    return ", ".join(one.gate for one in said.closed if dag_id in one.dag_ids or not one.dag_ids)


def _about(verdict: Verdict) -> list[str]:
    until = [f"Until {when(verdict.until)}."] if verdict.until is not None else []
    return [f"{verdict.reason.value}: {verdict.reason.sentence}", verdict.message, *until, *verdict.evidence]
