"""``rehearse``: back to the last Stable release and forth again, measured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from reconciler.cli.commands.rehearse import _planned
from reconciler.core.rehearsing import back, forth
from reconciler.core.verification import judge
from reconciler.model.health import HealthSpec
from reconciler.model.reason import Reason, TriggeredBy
from reconciler.model.seen import Evidence
from reconciler.model.state import Changes, EnvironmentState
from reconciler.model.watch import Judgement, Revert, Stable
from tests.cli.desk import Desk
from tests.engine import approving


def change(desk: Desk, change: Callable[[EnvironmentState], EnvironmentState]) -> None:
    store = desk.scene.store
    lease = store.acquire("dev", "somebody", 60)
    store.commit(lease, Changes(state=change(store.load("dev"))))
    store.release(lease)


def baked(desk: Desk) -> tuple[str, str]:
    """1.0.0 was Stable, and so is 1.1.0, which runs."""
    releases = [
        desk.scene.deploy("1.0.0", {"films": "one", "sales": "s"}).id,
        desk.scene.deploy("1.1.0", {"films": "two", "sales": "s"}).id,
    ]
    commits = [one.sha for one in desk.scene.repo.log(desk.scene.repo.tip(), ".", 2)]
    known = tuple(
        Stable(release=release, revision=sha, at=desk.clock.now())
        for release, sha in zip(reversed(releases), commits, strict=True)
    )
    change(desk, lambda state: state.model_copy(update={"stable": known}))
    desk.clock.advance(600)
    return releases[0], releases[1]


def tick(desk: Desk) -> Callable[[], object]:
    """The next time that the command sleeps, the reconciler looks."""
    return lambda: desk.scene.tick(TriggeredBy.WEBHOOK)


def test_it_goes_back_and_forth_and_says_how_long_that_took(desk: Desk) -> None:
    old, new = baked(desk)
    before = desk.scene.repo.files(desk.scene.repo.tip())
    desk.meanwhile(tick(desk), tick(desk), tick(desk), tick(desk))

    document = desk.json("rehearse", "dev", "--yes")

    (found,) = desk.scene.state.rehearsals
    assert (found.release, found.to) == (new, old)
    assert (document["backSeconds"], document["forthSeconds"]) == (found.back_seconds, found.forth_seconds)
    assert found.back_seconds > 0
    assert desk.scene.running()["films"] == new
    assert desk.scene.repo.files(desk.scene.repo.tip()) == before
    assert desk.scene.state.condemned == frozenset()
    assert desk.scene.reasons.count(Reason.REHEARSED) == 1
    assert len(document["commits"]) == 2


def looked(desk: Desk, **update: object) -> None:
    """Somebody looked at what is live; what they found of it otherwise is ``update``."""
    desk.clock.advance(1)
    seen = Evidence(at=desk.clock.now())

    def judged(state: EnvironmentState) -> EnvironmentState:
        after = judge(state, HealthSpec(), seen).state
        assert after.watch is not None
        return after.model_copy(update={"watch": after.watch.model_copy(update=update)})

    change(desk, judged)


def test_what_was_stable_is_so_again_at_once_and_was_not_in_between(desk: Desk) -> None:
    old, new = baked(desk)
    since = desk.clock.now() - timedelta(hours=1)
    looked(desk, stable_at=since, verified_at=since + timedelta(minutes=9))
    between = list[tuple[str, ...]]()

    def back() -> None:
        desk.scene.tick()
        looked(desk)
        between.append(tuple(one.release for one in desk.scene.state.stable))

    desk.meanwhile(back, *[tick(desk)] * 3)

    assert desk.run("rehearse", "dev", "--yes").code == 0

    assert between == [(old,)]
    state = desk.scene.state
    assert [one.release for one in state.stable] == [new, old]
    assert state.watch is not None
    assert (state.watch.release, state.watch.stable_at) == (new, since)
    assert state.watch.verified_at == state.stable[0].verified_at == since + timedelta(minutes=9)
    looked(desk)
    assert Reason.BECAME_STABLE not in desk.scene.reasons


@pytest.mark.parametrize(("stable", "outcome"), [(False, Judgement.SUCCEEDED), (True, Judgement.FAILED)])
def test_who_only_says_that_it_is_a_try_gains_nothing(desk: Desk, stable: bool, outcome: Judgement) -> None:
    """Subjects are anybody's to write: what was not Stable and well has to prove itself again."""
    baked(desk)
    trip = _planned(desk.platform.world(), "dev")
    looked(desk, stable_at=desk.clock.now() if stable else None, outcome=outcome)
    for body, subject in ((trip.there, back("dev", trip.release)), (trip.here, forth("dev", trip.release))):
        desk.scene.repo.person_pushes({trip.path: body}, subject)
        desk.scene.tick()
        looked(desk)
    state = desk.scene.state
    assert state.watch is not None
    assert (len(state.rehearsals), state.watch.release, state.watch.stable_at) == (1, trip.release, None)
    assert trip.release not in [one.release for one in state.stable]


def test_a_person_sees_what_will_be_and_the_figure(desk: Desk) -> None:
    old, _ = baked(desk)
    desk.meanwhile(*[tick(desk)] * 4)

    answer = desk.run("rehearse", "dev", "--yes")

    assert f"✓ rollback tested: {desk.scene.state.rehearsals[0].back_seconds:.0f} s." in answer.out
    assert f"begin anew on {old}" in answer.err
    assert "not Stable yet" not in answer.err
    assert "-  dags: {version: 1.1.0}" in answer.out


def test_nothing_is_committed_without_a_yes(desk: Desk) -> None:
    baked(desk)
    tip = desk.scene.repo.tip()
    assert desk.run("rehearse", "dev").code == 2
    desk.interactive = True
    assert desk.run("rehearse", "dev", stdin="n\n").code == 130
    assert desk.scene.repo.tip() == tip


def test_without_another_stable_release_there_is_nothing_to_go_back_to(desk: Desk) -> None:
    _, new = baked(desk)
    only = lambda state: state.model_copy(  # noqa: E731
        update={"stable": tuple(one for one in state.stable if one.release == new)}
    )
    change(desk, only)

    answer = desk.run("rehearse", "dev", "--yes")

    assert answer.code == 3
    assert "no other Stable release" in answer.err


@pytest.mark.parametrize("what", ["held", "not live", "being taken back"])
def test_what_is_not_settled_is_not_played_with(desk: Desk, what: str) -> None:
    old, new = baked(desk)
    if what == "held":
        desk.run("hold", "dev", "-m", "audit")
        desk.scene.tick()
    elif what == "not live":
        desk.scene.publish("1.2.0", {"films": "three", "sales": "s"})
        desk.scene.push("1.2.0")
    else:
        revert = Revert(alarm="a", blamed="b", release=new, to=old, intended_at=desk.clock.now())
        change(desk, lambda state: state.model_copy(update={"reverts": (revert,)}))
    tip = desk.scene.repo.tip()

    answer = desk.run("rehearse", "dev", "--yes")

    assert answer.code == 3
    assert "nothing is tried" in answer.err
    assert desk.scene.repo.tip() == tip


def test_where_it_does_not_become_live_it_is_said_how_to_get_forth(desk: Desk) -> None:
    old, _ = baked(desk)

    answer = desk.run("rehearse", "dev", "--yes", "--timeout", "5")

    assert answer.code == 4
    assert f"`git revert {desk.scene.repo.tip()[:10]}`" in answer.err
    desk.scene.tick()
    assert desk.scene.running()["films"] == old


def test_what_somebody_pushes_in_between_is_left_to_them(desk: Desk) -> None:
    baked(desk)
    desk.scene.publish("1.2.0", {"films": "three", "sales": "s"})

    def somebody() -> None:
        desk.scene.tick()
        desk.scene.push("1.2.0")

    desk.meanwhile(somebody)

    answer = desk.run("rehearse", "dev", "--yes")

    assert answer.code == 3
    assert "Somebody changed dev/pointer.yaml in between" in answer.err
    assert desk.scene.state.rehearsals == ()


def test_a_commit_on_top_that_hides_it_is_told(desk: Desk) -> None:
    baked(desk)

    def noise() -> None:
        if "forth" in desk.scene.repo.commit(desk.scene.repo.tip()).subject:
            desk.scene.repo.person_pushes({"notes.md": b"x"}, "Notes")
        desk.scene.tick()

    desk.meanwhile(*[noise] * 8)

    answer = desk.run("rehearse", "dev", "--yes")

    assert answer.code == 4
    assert "was not written down" in answer.err


def test_where_going_forth_waits_for_approval_it_is_said_before(desk: Desk) -> None:
    scene = desk.scene = desk.platform.scene = approving.live()
    first = scene.state.applied
    assert first is not None
    scene.push("1.1.0")
    approving.approve(scene)
    scene.tick()
    stable = Stable(release=first.release, revision=first.revision, at=scene.clock.now())
    change(desk, lambda state: state.model_copy(update={"stable": (stable,)}))

    answer = desk.run("rehearse", "dev")

    assert "it waits for approval" in answer.err
    assert "its bake begins anew" in answer.err
