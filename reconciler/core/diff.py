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
    """Keys in force whose etag is no longer the one we were given when we wrote them."""
    in_force = {*SUPPORT_KEYS, *map(pointer_key, state.live), *map(release_key, _releases_in_force(state))}
    return frozenset(
        key for key, file in state.files.items() if key in in_force and listing.get(key) != file.etag
    )


def outdated_support(state: EnvironmentState, support: Mapping[str, str]) -> frozenset[str]:
    """Support files that are not there yet, or are of an older version; ``support`` is key → digest."""
    return frozenset(
        key for key, digest in support.items() if key not in state.files or state.files[key].digest != digest
    )


def difference(
    release: ReleaseManifest,
    state: EnvironmentState,
    listing: Mapping[str, str],
    support: Mapping[str, str],
) -> Difference:
    """Compare a release with the live state. ``support`` are the support files' digests by key.

    A DAG whose fingerprint is unchanged keeps its pointer, and with it the release it is on.
    """
    drifted = drifted_keys(state, listing)
    changes = tuple(
        change
        for dag_id in sorted({*release.dags, *state.live})
        if (change := _change(dag_id, release, state, drifted)) is not None
    )
    changed = {change.dag_id for change in changes}
    releases = sorted(
        _releases_in_force(state) | {change.to_release for change in changes if change.to_release}
    )
    written = [
        *SUPPORT_KEYS,
        *map(release_key, releases),
        *(pointer_key(change.dag_id) for change in changes if change.action is not Action.REMOVE),
    ]
    return Difference(
        changes=changes,
        support=tuple(sorted(outdated_support(state, support) | (drifted & support.keys()))),
        releases=tuple(name for name in releases if not _intact(release_key(name), state, listing)),
        unverified=tuple(
            dag_id for dag_id, live in sorted(state.live.items()) if not (live.verified or dag_id in changed)
        ),
        drifted=tuple(sorted(drifted)),
        foreign=tuple(
            key for key in written if key in listing and key not in state.files and key not in state.intents
        ),
    )


def _intact(key: str, state: EnvironmentState, listing: Mapping[str, str]) -> bool:
    return key in state.files and listing.get(key) == state.files[key].etag


def _releases_in_force(state: EnvironmentState) -> frozenset[str]:
    return frozenset(live.pointer.release for live in state.live.values())


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
