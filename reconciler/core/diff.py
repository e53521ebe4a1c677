"""What differs between a release and what is live, DAG by DAG and file by file."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.core.pointer_file import SUPPORT_KEYS, pointer_key, release_key
from reconciler.model.plan import Action, Change
from reconciler.model.release import ReleaseManifest
from reconciler.model.state import EnvironmentState
from reconciler.model.value import Value


class Difference(Value):
    """What to do to reach a release.

    ``foreign`` are keys that we would have to write and that somebody else wrote; ``drifted`` keys of ours
    that are no longer as we wrote them; ``unverified`` DAGs that are right, but not yet seen running so.
    """

    changes: tuple[Change, ...] = ()
    support: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Is everything live as the release says, and seen so?"""
        return not (self.changes or self.support or self.releases or self.unverified)


def drifted_keys(state: EnvironmentState, listing: Mapping[str, str]) -> frozenset[str]:
    """Keys of ours whose etag is no longer the one we were given when we wrote them."""
    return frozenset(key for key, file in state.files.items() if listing.get(key) != file.etag)


def difference(release: ReleaseManifest, state: EnvironmentState, listing: Mapping[str, str]) -> Difference:
    """Compare a release with the live state.

    A DAG whose fingerprint is unchanged keeps its pointer, and with it the release it is on.
    """
    drifted = drifted_keys(state, listing)
    changes = tuple(
        change
        for dag_id in sorted({*release.dags, *state.live})
        if (change := _change(dag_id, release, state, drifted)) is not None
    )
    changed = {change.dag_id for change in changes}
    in_use = {release.id} if any(change.to_release == release.id for change in changes) else set()
    in_use |= {state.live[dag_id].pointer.release for dag_id in release.dags if dag_id in state.live} - {""}
    wanted = [*SUPPORT_KEYS, *map(release_key, sorted(in_use)), *map(pointer_key, sorted(changed))]
    removed = {change.dag_id for change in changes if change.action is Action.REMOVE}
    return Difference(
        changes=changes,
        support=tuple(key for key in SUPPORT_KEYS if _to_write(key, state, drifted)),
        releases=tuple(name for name in sorted(in_use) if _to_write(release_key(name), state, drifted)),
        unverified=tuple(
            dag_id
            for dag_id, live in sorted(state.live.items())
            if not live.verified and dag_id not in changed
        ),
        drifted=tuple(sorted(drifted)),
        foreign=_foreign(wanted, removed, state, listing),
    )


def _change(
    dag_id: str, release: ReleaseManifest, state: EnvironmentState, drifted: Collection[str]
) -> Change | None:
    sealed, live = release.dags.get(dag_id), state.live.get(dag_id)
    if live is None:
        return Change(dag_id=dag_id, action=Action.ADD, to_release=release.id)
    current = live.pointer.release
    if sealed is None:
        return Change(dag_id=dag_id, action=Action.REMOVE, from_release=current)
    if sealed.fingerprint != live.fingerprint:
        return Change(dag_id=dag_id, action=Action.UPDATE, from_release=current, to_release=release.id)
    if pointer_key(dag_id) in drifted:
        return Change(dag_id=dag_id, action=Action.HEAL, from_release=current, to_release=current)
    return None


def _to_write(key: str, state: EnvironmentState, drifted: Collection[str]) -> bool:
    return key not in state.files or key in drifted


def _foreign(
    wanted: Collection[str], removed: Collection[str], state: EnvironmentState, listing: Mapping[str, str]
) -> tuple[str, ...]:
    ours = {*state.files, *state.intents, *map(pointer_key, removed)}
    return tuple(key for key in wanted if key in listing and key not in ours)
