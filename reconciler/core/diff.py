"""What differs between a release and what is live, DAG by DAG and file by file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from reconciler.core.change_class import classify
from reconciler.core.drain import bad_code, to_absolve
from reconciler.core.pinning import before_newest
from reconciler.core.pointer_file import SUPPORT_KEYS, pointer_key, release_key
from reconciler.model.plan import Action, Change, ChangeClass, Goal
from reconciler.model.release import ReleaseManifest, SealedDag
from reconciler.model.state import EnvironmentState, LiveDag, Rejected
from reconciler.model.value import Value


class Difference(Value):
    """What to do to reach a release.

    ``foreign`` are keys that we would have to write and that somebody else wrote; ``drifted`` keys of ours
    that are no longer as we wrote them; ``unverified`` DAGs that are right, but not yet seen running so;
    ``fenced`` DAGs that we keep from starting runs; ``rejected`` DAGs that stay as they are because Airflow
    could not import what the release has for them.
    """

    changes: tuple[Change, ...] = ()
    support: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    fenced: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Is there nothing left to do?"""
        return not (self.changes or self.support or self.releases or self.unverified or self.fenced)


def drifted_keys(state: EnvironmentState, listing: Mapping[str, str]) -> frozenset[str]:
    """Keys in force whose etag is no longer the one we were given when we wrote them."""
    in_force = {*SUPPORT_KEYS, *map(pointer_key, state.live), *map(release_key, releases_in_force(state))}
    return frozenset(
        key for key, file in state.files.items() if key in in_force and listing.get(key) != file.etag
    )


def outdated_support(state: EnvironmentState, support: Mapping[str, str]) -> frozenset[str]:
    """Support files that are not there yet, or are of an older version; ``support`` is key → digest."""
    return frozenset(
        key for key, digest in support.items() if key not in state.files or state.files[key].digest != digest
    )


def releases_in_force(state: EnvironmentState) -> frozenset[str]:
    """The releases that any DAG's history names: a run in flight may need each of them."""
    return frozenset(entry.release for live in state.live.values() for entry in live.pointer.history)


def releases_left(release: ReleaseManifest, state: EnvironmentState) -> frozenset[str]:
    """The releases whose manifests are needed to say what a change of their DAGs means."""
    changing = [
        live
        for dag_id, live in state.live.items()
        if dag_id in release.dags and release.dags[dag_id].fingerprint != live.fingerprint
    ]
    return frozenset(live.pointer.release for live in changing)


def difference(
    goal: Goal,
    state: EnvironmentState,
    listing: Mapping[str, str],
    support: Mapping[str, str],
    before: Mapping[str, ReleaseManifest],
) -> Difference:
    """Compare a release with the live state.

    ``support`` are the support files' digests by key, ``before`` the manifests of ``releases_left``. A DAG
    whose fingerprint is unchanged keeps its pointer, and with it the release it is on.
    """
    drifted = drifted_keys(state, listing)
    changes = tuple(
        change
        for dag_id in sorted({*goal.release.dags, *state.live})
        if (change := _change(dag_id, goal, state, drifted, before)) is not None
    )
    releases = sorted(
        releases_in_force(state) | {change.to_release for change in changes if change.to_release}
    )
    return Difference(
        changes=changes,
        support=tuple(sorted(outdated_support(state, support) | (drifted & support.keys()))),
        releases=tuple(name for name in releases if not _intact(release_key(name), state, listing)),
        unverified=_unverified(state, changes),
        fenced=tuple(sorted(state.fences)),
        drifted=tuple(sorted(drifted)),
        foreign=_foreign(state, listing, changes, releases),
        rejected=tuple(
            sorted(
                dag_id
                for dag_id in state.rejected
                if dag_id not in goal.pinned and _unwanted(dag_id, goal, state)
            )
        ),
    )


def _unverified(state: EnvironmentState, changes: Iterable[Change]) -> tuple[str, ...]:
    changed = {change.dag_id for change in changes}
    return tuple(
        dag_id for dag_id, live in sorted(state.live.items()) if not (live.verified or dag_id in changed)
    )


def _foreign(
    state: EnvironmentState, listing: Mapping[str, str], changes: Iterable[Change], releases: Iterable[str]
) -> tuple[str, ...]:
    written = [
        *SUPPORT_KEYS,
        *map(release_key, releases),
        *(pointer_key(change.dag_id) for change in changes if change.action is not Action.REMOVE),
    ]
    return tuple(
        key for key in written if key in listing and key not in state.files and key not in state.intents
    )


def _unwanted(dag_id: str, goal: Goal, state: EnvironmentState) -> Rejected | None:
    """What Airflow said when it could not import this very code, which the release has still."""
    sealed, rejected = goal.release.dags.get(dag_id), state.rejected.get(dag_id)
    same = sealed is not None and rejected is not None and sealed.fingerprint == rejected.fingerprint
    return rejected if same else None


def _intact(key: str, state: EnvironmentState, listing: Mapping[str, str]) -> bool:
    return key in state.files and listing.get(key) == state.files[key].etag


def _change(
    dag_id: str,
    goal: Goal,
    state: EnvironmentState,
    drifted: Collection[str],
    before: Mapping[str, ReleaseManifest],
) -> Change | None:
    sealed, live = goal.release.dags.get(dag_id), state.live.get(dag_id)
    unwanted = _unwanted(dag_id, goal, state)
    if live is None:
        return None if unwanted else Change(dag_id=dag_id, action=Action.ADD, to_release=goal.release.id)
    current = live.pointer.release
    if dag_id in goal.pinned:
        heals = pointer_key(dag_id) in drifted
        heal = Change(dag_id=dag_id, action=Action.HEAL, from_release=current, to_release=current)
        return heal if heals else None
    if sealed is None:
        back = current in goal.condemned
        return Change(dag_id=dag_id, action=Action.REMOVE, from_release=current, rolls_back=back)
    if sealed.fingerprint != live.fingerprint and not unwanted:
        return _update(dag_id, sealed, live, goal, before)
    if sealed.fingerprint == live.fingerprint and unwanted:
        return _put_back(dag_id, live, goal, unwanted.message)
    return _same_code(dag_id, sealed, live, goal, drifted)


def _same_code(
    dag_id: str, sealed: SealedDag, live: LiveDag, goal: Goal, drifted: Collection[str]
) -> Change | None:
    current, to = live.pointer.release, goal.release.id
    if pointer_key(dag_id) in drifted and sealed.fingerprint != live.fingerprint:
        return Change(dag_id=dag_id, action=Action.HEAL, from_release=current, to_release=current)
    if sealed.fingerprint != live.fingerprint:
        return None
    if bad_code(live, goal):
        return Change(
            dag_id=dag_id,
            action=Action.UPDATE,
            from_release=current,
            to_release=to,
            change_class=ChangeClass.PINNED,
            rolls_back=True,
            why=("runs may be in flight on what is condemned",),
        )
    if to_absolve(live, goal):
        # Nothing is wrong with it there; but later changes must not take it for what was rolled back.
        why = (f"release {current} is condemned, for other DAGs' code",)
        return Change(dag_id=dag_id, action=Action.REPOINT, from_release=current, to_release=to, why=why)
    if pointer_key(dag_id) in drifted:
        return Change(dag_id=dag_id, action=Action.HEAL, from_release=current, to_release=current)
    return None


def _update(
    dag_id: str, sealed: SealedDag, live: LiveDag, goal: Goal, before: Mapping[str, ReleaseManifest]
) -> Change:
    left = before.get(live.pointer.release)
    was = left.dags.get(dag_id) if left is not None else None
    change_class, why = classify(left, dag_id, sealed, goal)
    return Change(
        dag_id=dag_id,
        action=Action.UPDATE,
        from_release=live.pointer.release,
        to_release=goal.release.id,
        change_class=change_class,
        rolls_back=bool(bad_code(live, goal)),
        new_calendar=was is None or was.calendar != sealed.calendar,
        why=why,
    )


def _put_back(dag_id: str, live: LiveDag, goal: Goal, message: str) -> Change:
    """To the release before; a DAG that had none is taken away."""
    why, current = (f"Airflow cannot import it: {message}",), live.pointer.release
    older = before_newest(live.pointer, goal.condemned)
    if not older:
        return Change(dag_id=dag_id, action=Action.REMOVE, from_release=current, why=why)
    return Change(
        dag_id=dag_id, action=Action.PUT_BACK, from_release=current, to_release=older[0].release, why=why
    )
