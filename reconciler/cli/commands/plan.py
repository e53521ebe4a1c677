"""``reconciler plan``: what a tick would do now. The same code makes the plan that a tick runs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.context import Cli, EnvironmentArgument, OutputOption, begin
from reconciler.cli.difference import of_rules
from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.output import Format, short
from reconciler.cli.revisions import TIP, resolve
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reconciler.core.calendar_change import CalendarChange
    from reconciler.engine.desired import Wanted
    from reconciler.engine.manifests import Manifests
    from reconciler.engine.world import World
    from reconciler.model.component import Component
    from reconciler.model.plan import Change, Plan
    from reconciler.model.state import EnvironmentState


def plan(
    ctx: typer.Context,
    env: EnvironmentArgument,
    revision: Annotated[str, typer.Option(help="The commit: tip, or the id of a pushed one.")] = TIP,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="End with 10 if something would change.")
    ] = False,
    output: OutputOption = Format.TEXT,
) -> None:
    """Show what a tick would do now (alias: diff).

    What would change and why, what holds it back, and the steps. Changes nothing.
    """
    from reconciler.core.planner import plan_digest
    from reconciler.engine.admission import admission, looked_at_upstream
    from reconciler.engine.course import course
    from reconciler.engine.desired import at_revision
    from reconciler.engine.manifests import Manifests
    from reconciler.engine.plan_now import in_accepted_place, plan_now

    cli = begin(ctx, output)
    name, world = cli.known(env), cli.platform.world()
    state = world.store.load(name)
    sha = resolve(world.repo, revision)
    if revision != TIP:
        _check_ahead(world, state, sha)
    wanted = at_revision(world, state, sha)
    admitted = admission(world, state, wanted)
    going = course(world, state, wanted, admitted)
    known = going.wanted if going is not None else in_accepted_place(state, wanted)
    if known is None:
        waits = " ".join(verdict.message for verdict in admitted.waiting)
        raise Terminal(f"Nothing of the first commit of {name} is looked at before this: {waits}", "")
    target, manifests = world.target(known.desired.environment), Manifests(world.artifacts)
    known, listing = looked_at_upstream(world, state, known), target.folder.list()
    diff, made = plan_now(known, state, target, manifests, listing, world.clock.now())
    judged = going.admitted if going is not None else admitted
    made, rules = made.admitted_by(judged.verdicts), of_rules(world, state, sha)
    later = admitted.waiting if going is not None else ()
    changed = bool(rules or not diff.empty)
    digest, reasons = plan_digest(made), _reasons(world, state, wanted, made)
    runs = _runs(manifests, wanted, made, world.clock.now())
    cli.out.document(
        {
            **made.to_json(),
            "changes": [
                {**one.to_json(), "cause": reasons[one.dag_id], **_runs_json(one.dag_id, runs)}
                for one in made.changes
            ],
            "untouched": _untouched(wanted, made),
            "versions": wanted.versions,
            "digest": digest,
            "rules": rules,
            "rulesWait": [one.to_json() for one in later],
            "changed": changed,
        }
    )
    if not changed and not admitted.waiting:
        said = f"✓ {name} is as the pushed commit {short(wanted.revision)} says: nothing to do."
        cli.out.line(said, "green")
    else:
        _show(cli, wanted, made, {**reasons, **_with_runs(reasons, runs)})
        if rules:
            cli.out.line("\nRules")
            cli.show(rules)
        for one in later:
            cli.out.line(f"\nThe rollback does not wait for that; its other rules do: {one.message}")
        cli.out.line(f"\nPlan {digest[:16]}")
    raise typer.Exit(ExitCode.CHANGES if detailed_exitcode and changed else ExitCode.OK)


def _runs(
    manifests: Manifests, wanted: Wanted, made: Plan, now: datetime
) -> dict[str, CalendarChange | None]:
    """Of each DAG whose calendar changes, the runs that come and go; None where nobody can tell."""
    from reconciler.core.calendar_change import calendar_change

    left = manifests.of({change.from_release for change in made.changes if change.from_release})
    found = {}
    for change in made.changes:
        before = left.get(change.from_release or "")
        old = before.dags.get(change.dag_id) if before is not None else None
        new = wanted.release.dags.get(change.dag_id)
        if old is not None and new is not None and old.calendar != new.calendar:
            found[change.dag_id] = calendar_change(old.calendar, new.calendar, now)
    return found


def _runs_json(dag_id: str, runs: Mapping[str, CalendarChange | None]) -> dict[str, object]:
    known = runs.get(dag_id)
    return {"runs": known.to_json() if known is not None else None} if dag_id in runs else {}


def _with_runs(reasons: Mapping[str, str], runs: Mapping[str, CalendarChange | None]) -> dict[str, str]:
    from reconciler.core.calendar_change import in_words

    return {
        dag_id: "; ".join(filter(None, [reasons[dag_id], in_words(change)]))
        for dag_id, change in runs.items()
    }


def _check_ahead(world: World, state: EnvironmentState, sha: str) -> None:
    """``Terminal``, before the gate that speaks of the branch, for a commit that no tick can go to."""
    accepted = state.accepted
    if accepted is not None and not world.repo.is_ancestor(accepted.revision, sha):
        raise Terminal(
            f"Commit {short(sha)} is not on top of {short(accepted.revision)}, which {state.environment} "
            "has accepted: history only goes forward.",
            f"Plan a later commit; to go back, see `reconciler rollback {state.environment}`.",
            Reason.REVISION_NOT_DESCENDANT,
        )


def _show(cli: Cli, wanted: Wanted, made: Plan, reasons: Mapping[str, str]) -> None:
    from reconciler.core.narrative import counts, versions
    from reconciler.engine.executor import subject

    out = cli.out
    out.line(f"{made.environment} → {versions(wanted.versions)} (release {made.release})")
    out.line(f"commit {short(made.revision)}; DAGs: {counts(made.changes, len(wanted.release.dags))}\n")
    columns = ["action", "dag", "class", "from", "to", "why"]
    out.table(columns, [_row(one, reasons) for one in made.changes])
    _explain(cli, wanted, made)
    out.line("\nGates")
    out.table(
        ["decision", "gate", "reason", "message"],
        [[one.decision.value, one.gate, one.reason.value, one.message] for one in made.verdicts],
    )
    out.line("\nSteps" if made.steps else "\nNo step may run now.")
    out.table(["#", "step", "of"], [[str(n), s.kind, subject(s)] for n, s in enumerate(made.steps, start=1)])


def _explain(cli: Cli, wanted: Wanted, made: Plan) -> None:
    """What the classes in the table mean, and which DAGs are not in it."""
    from reconciler.core.narrative import names
    from reconciler.model.plan import ChangeClass

    here = {change.change_class for change in made.changes}
    for one in ChangeClass:
        if one in here:
            cli.out.line(f"{one.value}: {one.sentence}")
    untouched = _untouched(wanted, made)
    if untouched:
        cli.out.line(f"untouched: {len(untouched)} DAGs keep their files ({names(untouched, 5)})")


def _untouched(wanted: Wanted, made: Plan) -> list[str]:
    return sorted(wanted.release.dags.keys() - {change.dag_id for change in made.changes})


def _row(change: Change, reasons: Mapping[str, str]) -> list[str]:
    ends = [change.from_release or "", change.to_release or ""]
    kind = change.change_class.value if change.change_class else ""
    why = "; ".join(filter(None, [reasons[change.dag_id], *change.why]))
    return [change.action.value, change.dag_id, kind, *ends, why]


def _reasons(world: World, state: EnvironmentState, wanted: Wanted, made: Plan) -> dict[str, str]:
    """Why each DAG changes, by id; each release is looked up once."""
    bumped: dict[str | None, str] = {}
    for release in {change.from_release for change in made.changes if change.from_release}:
        manifest = world.artifacts.release(release)
        old = manifest.components if manifest else {}
        differing = [part for part, digest in wanted.release.components.items() if old.get(part) != digest]
        bumped[release] = ", ".join(_bump(part, state, wanted) for part in differing)
    reasons = {change.dag_id: _reason(change, bumped.get(change.from_release, "")) for change in made.changes}
    return reasons | _renamed(state, wanted, made)


def _renamed(state: EnvironmentState, wanted: Wanted, made: Plan) -> dict[str, str]:
    """What looks like a DAG with another id: in one file one goes and one comes."""
    from reconciler.model.plan import Action

    gone, come = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for change in made.changes:
        if change.action is Action.REMOVE:
            gone[state.live[change.dag_id].pointer.file].append(change.dag_id)
        elif change.action is Action.ADD:
            come[wanted.release.dags[change.dag_id].file].append(change.dag_id)
    told = {}
    for file in gone.keys() & come.keys():
        if len(gone[file]) == len(come[file]) == 1:
            old, new = gone[file][0], come[file][0]
            told[new] = f"new, in the file of {old}: renamed? It begins without {old}'s runs"
            told[old] = f"gone, and {new} is new in its file: renamed? Its runs stay with it"
    return told


def _bump(part: Component, state: EnvironmentState, wanted: Wanted) -> str:
    """``dags 1.0.0 → 1.1.0``, or only ``dags`` where the versions do not tell."""
    before = state.applied.desired.pointer.components.get(part) if state.applied else None
    after = wanted.desired.pointer.components[part]
    if before is None or before.version == after.version:
        return part.value
    return f"{part} {before.version} → {after.version}"


def _reason(change: Change, bumped: str) -> str:
    from reconciler.model.plan import Action

    match change.action:
        case Action.ADD:
            return "new in this release"
        case Action.REMOVE:
            return "not in this release any more"
        case Action.PUT_BACK:
            return "back to the release before"
        case Action.REPOINT:
            return "its code is the same"
        case Action.HEAL:
            return "its file was changed or deleted by somebody else"
        case Action.UPDATE:
            return (
                f"its code or what it uses changed: {bumped}"
                if bumped
                else "its code or what it uses changed"
            )
