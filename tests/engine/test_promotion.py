"""From one environment to the next: what was verified, in order, and by itself where that is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.core.declarations import parse_desired
from reconciler.engine.promoter import prepare
from reconciler.engine.tick import tick
from reconciler.engine.world import Outcome, World
from reconciler.model.component import Component
from reconciler.model.environment import Environment
from reconciler.model.errors import Terminal
from reconciler.model.observation import Commit
from reconciler.model.reason import ConditionType, Reason, TriggeredBy
from reconciler.model.state import Changes
from reconciler.model.verdict import Decision
from reconciler.model.watch import Rehearsal, Stable
from reconciler.ports import Target
from tests.engine.scene import ENVIRONMENT_YAML, Scene, pointer_yaml

SHARED = b"apiVersion: reconciler/v1\nkind: Reconciler\npromotion: [dev, staging]\n"
STAGING = (
    ENVIRONMENT_YAML.replace(b"name: dev", b"name: staging")
    .replace(b"8080", b"8081")
    .replace(b"dev-airflow", b"staging-airflow")
)
MINUTE = 60
VERIFIED, SOAKED, AUTO = "verified: true", "verified: true, soakMinutes: 10", "auto: true, soakMinutes: 10"


class Two:
    """dev and staging, with an Airflow and a folder each. 1.0.0 is live in both, 1.1.0 is published.

    ``policy``: what staging says about promotion from then on.
    """

    def __init__(self, policy: str = "") -> None:
        self.dev = Scene(shared=SHARED)
        self.there = Scene(clock=self.dev.clock, artifacts=self.dev.artifacts)
        self.world: World = replace(self.dev.world, target=self._target)
        self.environment = STAGING
        self.dev.publish("1.0.0", {"one": "a", "two": "b"})
        self.dev.push("1.0.0")
        assert self.tick("dev") is Outcome.APPLIED
        for promotion in ("", policy):
            self.environment = STAGING + f"policy: {{promotion: {{{promotion}}}}}\n".encode()
            self.staging("1.0.0")
            assert self.tick("staging") is Outcome.APPLIED
        self.dev.publish("1.1.0", {"one": "A", "two": "b"})

    def _target(self, environment: Environment) -> Target:
        return (self.dev if environment.name == "dev" else self.there)._target(environment)

    def staging(self, version: str, **files: bytes) -> str:
        """A person commits staging's pointer."""
        said = {"environment.yaml": self.environment, "pointer.yaml": pointer_yaml(version), **files}
        return self.dev.repo.person_pushes({f"staging/{name}": body for name, body in said.items()})

    def tick(self, environment: str) -> Outcome:
        """One tick."""
        return tick(self.world, environment, TriggeredBy.WEBHOOK).outcome

    def asked(self) -> str:
        """The one version that staging's pointer names at the tip."""
        files = self.dev.repo.files(self.dev.repo.tip())
        (version,) = {pin.version for pin in parse_desired(files, "staging").pointer.components.values()}
        return version

    def reasons(self) -> list[Reason]:
        """Of staging's events."""
        return [event.reason for event in self.dev.store.events("staging", 0, 1000)]

    def deploy_to_dev(self, version: str = "1.1.0") -> None:
        """It is live and verified there."""
        self.dev.push(version)
        assert self.tick("dev") is Outcome.APPLIED


def test_what_was_not_live_before_waits_until_it_was() -> None:
    two = Two(VERIFIED)
    two.staging("1.1.0")
    for _ in range(2):
        assert two.tick("staging") is Outcome.WAITING
    condition = two.dev.store.load("staging").conditions[ConditionType.ADMITTED]
    assert (condition.status, condition.reason) == (False, Reason.DEPENDENCY_NOT_READY)
    assert "dags 1.1.0 was not verified in dev" in condition.message
    assert two.reasons().count(Reason.DEPENDENCY_NOT_READY) == 1
    two.deploy_to_dev()
    assert two.tick("staging") is Outcome.APPLIED
    assert two.dev.store.load("staging").conditions[ConditionType.ADMITTED].status is True


def test_it_soaks() -> None:
    two = Two(SOAKED)
    two.deploy_to_dev()
    two.staging("1.1.0")
    assert two.tick("staging") is Outcome.WAITING
    two.dev.clock.advance(10 * MINUTE)
    assert two.tick("staging") is Outcome.APPLIED


def test_what_was_given_up_does_not_go_on_when_it_is_verified_after_all() -> None:
    two = Two(VERIFIED)
    said = b"policy: {promotion: {verified: true}, patience: {promotion: {afterMinutes: 60, then: fail}}}\n"
    two.environment = STAGING + said
    two.staging("1.0.0")
    assert two.tick("staging") is Outcome.APPLIED
    two.staging("1.1.0")
    for _ in range(2):
        assert two.tick("staging") is Outcome.WAITING
        two.dev.clock.advance(61 * MINUTE)
    assert two.tick("staging") is Outcome.WAITING
    two.deploy_to_dev()
    assert two.tick("staging") is Outcome.WAITING
    assert two.reasons()[-1] is Reason.GATE_TIMED_OUT


def test_what_was_rolled_back_before_is_not_taken() -> None:
    two = Two(VERIFIED)
    two.deploy_to_dev()
    two.deploy_to_dev("1.0.0")
    two.staging("1.1.0")
    assert two.tick("staging") is Outcome.WAITING
    message = two.dev.store.load("staging").conditions[ConditionType.ADMITTED].message
    assert "was rolled back in dev" in message


def shown(two: Two, **what: object) -> None:
    """Dev has, besides, this to show."""
    lease = two.dev.store.acquire("dev", "somebody", 60)
    two.dev.store.commit(lease, Changes(state=two.dev.state.model_copy(update=what)))
    two.dev.store.release(lease)


def frozen(two: Two, promotion: str = VERIFIED) -> None:
    """Staging is in a freeze, in which 1.1.0 waits that dev has shown to be good."""
    start = two.dev.clock.now().replace(tzinfo=None, microsecond=0).isoformat()
    window = f"windows: {{freeze: [{{name: audit, start: {start}, hours: 24}}]}}"
    two.environment = STAGING + f"policy: {{promotion: {{{promotion}}}, {window}}}\n".encode()
    two.staging("1.0.0")
    assert two.tick("staging") is Outcome.APPLIED
    two.deploy_to_dev()
    shown(two, stable=(Stable(release=two.dev.state.past[0], revision="c" * 40, at=two.dev.clock.now()),))
    two.staging("1.1.0")
    assert two.tick("staging") is Outcome.WAITING


@pytest.mark.parametrize("promotion", [VERIFIED, "stable: true"])
@pytest.mark.parametrize("how", ["rolled back", "quarantined"])
def test_what_is_taken_back_upstream_while_it_waits_here_does_not_go_live(how: str, promotion: str) -> None:
    two = Two(promotion)
    frozen(two, promotion)
    before, bad = two.there.running(), two.dev.state.past[0]
    two.dev.publish("1.2.0", {"one": "AA", "two": "b"})
    if how == "quarantined":
        two.deploy_to_dev("1.2.0")
        two.dev.holds = (
            "apiVersion: reconciler/v1\nkind: Holds\n"
            f"quarantine: [{{by: Ana, since: 2026-03-01T00:00:00Z, reason: bad, release: {bad}}}]\n"
        )
        two.deploy_to_dev("1.2.0")
    else:
        two.deploy_to_dev("1.0.0")
    two.dev.clock.advance(25 * 60 * MINUTE)
    for _ in range(2):
        assert two.tick("staging") is Outcome.WAITING
    state = two.dev.store.load("staging")
    assert two.there.running() == before
    assert state.conditions[ConditionType.RECONCILING].reason is Reason.DEPENDENCY_NOT_READY
    assert "dags 1.1.0 was rolled back or quarantined in dev" in (
        state.conditions[ConditionType.RECONCILING].message
    )
    two.staging("1.0.0")
    assert two.tick("staging") is Outcome.APPLIED


@pytest.mark.parametrize("version", ["1.2.0", "9.9.9"])
def test_also_while_another_commit_may_not_be_begun(version: str) -> None:
    two = Two(VERIFIED)
    frozen(two)
    before = two.there.running()
    two.deploy_to_dev("1.0.0")
    two.dev.publish("1.2.0", {"one": "AA", "two": "b"})
    two.staging(version)
    two.dev.clock.advance(25 * 60 * MINUTE)
    for _ in range(2):
        two.tick("staging")
    assert two.there.running() == before


def test_what_was_verified_goes_on_also_when_upstream_moves_on() -> None:
    two = Two(VERIFIED)
    frozen(two)
    before = two.there.running()
    two.dev.publish("1.2.0", {"one": "AA", "two": "b"})
    two.deploy_to_dev("1.2.0")
    two.dev.clock.advance(25 * 60 * MINUTE)
    assert two.tick("staging") is Outcome.APPLIED
    assert two.there.running() != before


def test_what_is_taken_back_and_verified_once_more_goes_on() -> None:
    two = Two(VERIFIED)
    frozen(two)
    two.deploy_to_dev("1.0.0")
    two.dev.clock.advance(25 * 60 * MINUTE)
    assert two.tick("staging") is Outcome.WAITING
    two.deploy_to_dev("1.1.0")
    assert two.tick("staging") is Outcome.APPLIED


def test_no_commit_drops_what_is_asked_of_it_while_it_is_under_way() -> None:
    two = Two(VERIFIED)
    frozen(two)
    before = two.there.running()
    two.environment = STAGING
    two.staging("1.1.0")
    assert two.tick("staging") is Outcome.WAITING
    two.deploy_to_dev("1.0.0")
    two.dev.clock.advance(25 * 60 * MINUTE)
    assert two.tick("staging") is Outcome.WAITING
    assert two.there.running() == before


def test_a_rollback_needs_nothing_upstream() -> None:
    two = Two(VERIFIED)
    two.deploy_to_dev()
    two.staging("1.1.0")
    assert two.tick("staging") is Outcome.APPLIED
    two.dev.publish("1.2.0", {"one": "AA", "two": "b"})
    two.deploy_to_dev("1.2.0")
    two.staging("1.0.0")
    assert two.tick("staging") is Outcome.APPLIED


def test_no_commit_drops_what_it_has_to_show() -> None:
    two = Two(VERIFIED)
    two.environment = STAGING
    two.staging("1.1.0")
    assert two.tick("staging") is Outcome.WAITING


def test_the_first_environment_needs_nothing() -> None:
    two = Two()
    two.dev.environment = ENVIRONMENT_YAML + b"policy: {promotion: {verified: true}}\n"
    two.deploy_to_dev()
    two.dev.publish("1.2.0", {"one": "AA"})
    two.deploy_to_dev("1.2.0")


def test_what_is_prepared_is_what_runs_there() -> None:
    two = Two(VERIFIED)
    two.deploy_to_dev()
    made = prepare(two.world, "staging")
    assert made.versions == {"dags": "1.1.0", "libs": "1.1.0", "dbt": "1.1.0"}
    release = two.dev.artifacts.release(made.release)
    assert release is not None
    assert made.digests == {part.value: digest for part, digest in release.components.items()}
    assert made.source == two.dev.repo.tip()
    assert made.judge(two.world, made.rules).decision is Decision.GO
    assert all(f"Digest: {part} sha256:{digest}" in made.message for part, digest in made.digests.items())


def test_a_component_alone_is_promoted_where_that_is_sealed() -> None:
    two = Two(VERIFIED)
    two.deploy_to_dev()
    with pytest.raises(Terminal, match="not sealed"):
        prepare(two.world, "staging", [Component.DBT])


@pytest.mark.parametrize(
    ("holds", "said"),
    [
        (b"holds: [{by: Ana, since: 2026-03-01T00:00:00Z, reason: audit}]", "held by Ana: audit"),
        (b"suspended: {by: Ana, since: 2026-03-01T00:00:00Z, reason: moving}", "held by Ana: moving"),
        (
            b"quarantine: [{release: %s, by: Ana, since: 2026-03-01T00:00:00Z, reason: bad}]",
            "is quarantined by Ana",
        ),
    ],
)
def test_to_what_is_held_nothing_is_promoted(holds: bytes, said: str) -> None:
    two = Two(VERIFIED)
    two.deploy_to_dev()
    release = prepare(two.world, "staging").release.encode()
    body = b"apiVersion: reconciler/v1\nkind: Holds\n" + holds.replace(b"%s", b"'" + release + b"'") + b"\n"
    two.staging("1.0.0", **{"holds.yaml": body})
    with pytest.raises(Terminal, match=said):
        prepare(two.world, "staging")


def test_nothing_is_promoted_to_the_first() -> None:
    with pytest.raises(Terminal, match="first environment"):
        prepare(Two().world, "dev")


def test_by_policy_it_goes_on_by_itself_when_it_has_run_long_enough() -> None:
    two = Two(AUTO)
    two.deploy_to_dev()
    assert two.tick("staging") is Outcome.APPLIED  # a commit for dev, which changes nothing here
    assert two.asked() == "1.0.0"
    two.dev.clock.advance(10 * MINUTE)
    assert two.tick("staging") is Outcome.IDLE
    assert two.asked() == "1.1.0"
    assert two.reasons().count(Reason.PROMOTED) == 1
    commit = two.dev.repo.commit(two.dev.repo.tip())
    assert commit.author == "Reconciler <reconciler@example.com>"
    assert two.tick("staging") is Outcome.APPLIED
    assert set(two.there.running()) == {"one", "two"}
    tip = two.dev.repo.tip()
    for _ in range(3):
        two.dev.clock.advance(10 * MINUTE)
        two.tick("dev"), two.tick("staging")
    assert two.dev.repo.tip() == tip


def test_what_was_rolled_back_here_does_not_come_again_by_itself() -> None:
    two = Two(AUTO)
    two.deploy_to_dev()
    two.dev.clock.advance(10 * MINUTE)
    for _ in range(3):
        two.tick("staging")
    two.staging("1.0.0")
    for _ in range(3):
        two.tick("staging")
        two.dev.clock.advance(10 * MINUTE)
    assert two.asked() == "1.0.0"


def test_what_a_person_asked_for_meanwhile_is_not_written_over() -> None:
    two = Two(f"{VERIFIED}, {AUTO}")
    two.dev.publish("1.2.0", {"one": "AA", "two": "b"})
    two.deploy_to_dev()
    two.staging("1.2.0")
    for _ in range(3):
        two.dev.clock.advance(10 * MINUTE)
        assert two.tick("staging") is Outcome.WAITING
    assert two.asked() == "1.2.0"


def test_a_race_that_is_lost_is_run_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    two = Two(AUTO)
    two.deploy_to_dev()
    two.tick("staging")
    two.dev.clock.advance(10 * MINUTE)
    push = two.dev.repo.push

    def too_late(base: str, files: dict[str, bytes], message: str) -> Commit:
        two.staging("1.0.0", **{"notes.md": b"x"})
        return push(base, files, message)

    monkeypatch.setattr(two.dev.repo, "push", too_late)
    two.tick("staging")
    assert two.asked() == "1.0.0"
    assert Reason.PROMOTED not in two.reasons()
    monkeypatch.undo()
    two.tick("staging")
    assert two.asked() == "1.1.0"


def test_a_version_that_changes_no_dag_can_be_promoted_too() -> None:
    two = Two(VERIFIED)
    two.dev.publish("1.0.1", {"one": "a", "two": "b"})
    two.deploy_to_dev("1.0.1")
    two.staging("1.0.1")
    assert two.tick("staging") is Outcome.APPLIED


def test_what_was_pushed_while_the_tick_was_at_work_is_not_written_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two = Two(AUTO)
    two.deploy_to_dev()
    two.tick("staging")
    two.dev.clock.advance(10 * MINUTE)
    two.dev.publish("1.2.0", {"one": "AA", "two": "b"})
    listing = two.there.folder.list

    def meanwhile() -> Mapping[str, str]:
        if two.asked() == "1.0.0":
            two.staging("1.2.0")
        return listing()

    monkeypatch.setattr(two.there.folder, "list", meanwhile)
    two.tick("staging")
    assert two.asked() == "1.2.0"


def test_that_it_may_not_push_is_told_once() -> None:
    two = Two(AUTO)
    two.deploy_to_dev()
    two.tick("staging")
    two.dev.clock.advance(10 * MINUTE)
    for _ in range(3):
        two.dev.repo.fail_next("push", Terminal("The server takes no commit.", "Let the token push."))
        two.tick("staging")
    state = two.dev.store.load("staging")
    assert state.conditions[ConditionType.PROMOTING].status is False
    told = [event for event in two.dev.store.events("staging", 0, 1000) if "takes no commit" in event.message]
    assert len(told) == 1
    two.tick("staging")
    assert two.dev.store.load("staging").conditions[ConditionType.PROMOTING].status is True


@pytest.mark.parametrize(
    "shared", [b"8081", b"8081/.", b"staging-airflow", b"staging-airflow, prefix: dags/mine/"]
)
def test_no_environment_reaches_into_another(shared: bytes) -> None:
    two = Two(VERIFIED)
    two.dev.publish("2.0.0", {"one": "evil"})
    environment = ENVIRONMENT_YAML.replace(b"name: dev", b"name: other").replace(b"8080", b"8082")
    environment = environment.replace(b"dev-airflow", b"other-airflow")
    own = b"8082" if shared.startswith(b"8081") else b"other-airflow"
    two.dev.repo.person_pushes(
        {
            "reconciler.yaml": SHARED.replace(b"staging]", b"staging, other]"),
            "other/environment.yaml": environment.replace(own, shared),
            "other/pointer.yaml": pointer_yaml("2.0.0"),
        }
    )
    assert two.tick("other") is Outcome.STALLED
    told = two.dev.store.events("other", 0, 10)[-1].message
    assert "which is staging's" in told


def test_who_is_taken_out_of_the_order_keeps_what_it_reaches() -> None:
    two = Two()
    two.dev.environment = ENVIRONMENT_YAML.replace(b"8080", b"8081")
    two.dev.shared = SHARED.replace(b", staging", b"")
    two.dev.push("1.0.0", "Drop staging, and name its Airflow")
    assert two.tick("dev") is Outcome.STALLED
    assert "which is staging's" in two.dev.events[-1].message
    two.dev.shared = SHARED
    two.dev.push("1.0.0", "As if nothing had been")
    assert two.tick("dev") is Outcome.STALLED
    assert two.dev.state.accepted is not None
    assert two.dev.state.accepted.desired.environment.airflow.api.http is not None
    assert "8080" in two.dev.state.accepted.desired.environment.airflow.api.http.url
    assert two.tick("staging") is Outcome.APPLIED


@pytest.mark.parametrize(
    ("policy", "asked"),
    [
        ("stable: true", {"stable"}),
        ("rehearsed: true", {"rehearsals"}),
        ("stable: true, rehearsed: true", {"stable", "rehearsals"}),
    ],
)
def test_what_has_to_be_stable_or_rehearsed_there_waits_for_that(policy: str, asked: set[str]) -> None:
    two = Two(policy)
    two.deploy_to_dev()
    two.staging("1.1.0")
    assert two.tick("staging") is Outcome.WAITING
    release = two.dev.state.past[0]
    found = {
        "stable": (Stable(release=release, revision="c" * 40, at=two.dev.clock.now()),),
        "rehearsals": (
            Rehearsal(release=release, to="b" * 16, at=two.dev.clock.now(), back_seconds=1, forth_seconds=1),
        ),
    }
    for name in sorted(asked):
        assert two.tick("staging") is Outcome.WAITING
        shown(two, **{name: found[name]})
    assert two.tick("staging") is Outcome.APPLIED
