"""Promoting: one commit with what an environment runs, for the next."""

from __future__ import annotations

import pytest

from reconciler.core.declarations import parse_desired
from reconciler.model.errors import Conflict
from tests.cli.desk import Desk
from tests.engine.scene import ENVIRONMENT_YAML, pointer_yaml

SHARED = b"apiVersion: reconciler/v1\nkind: Reconciler\npromotion: [dev, staging, prod]\n"


@pytest.fixture
def desk() -> Desk:
    """1.1.0 is live in dev; staging and prod ask for 1.0.0."""
    desk = Desk()
    desk.platform.names = ("dev", "staging", "prod")
    scene = desk.scene
    scene.shared = SHARED
    scene.publish("1.0.0", {"films": "one"})
    for name in ("staging", "prod"):
        body = ENVIRONMENT_YAML.replace(b"name: dev", f"name: {name}".encode())
        scene.repo.person_pushes(
            {f"{name}/environment.yaml": body, f"{name}/pointer.yaml": pointer_yaml("1.0.0")}
        )
    scene.deploy("1.1.0", {"films": "two"})
    return desk


def versions(desk: Desk, name: str) -> set[str]:
    files = desk.scene.repo.files(desk.scene.repo.tip())
    return {pin.version for pin in parse_desired(files, name).pointer.components.values()}


def test_what_runs_in_one_is_committed_for_the_next(desk: Desk) -> None:
    desk.interactive = True
    said = desk.run("promote", "dev", "staging", stdin="y\n")
    assert said.code == 0, said.err
    assert "+  dags: {version: 1.1.0}" in said.out
    assert "reconciler wait staging" in said.out
    assert (versions(desk, "staging"), versions(desk, "prod")) == ({"1.1.0"}, {"1.0.0"})
    commit = desk.scene.repo.commit(desk.scene.repo.tip())
    assert commit.subject == "Promote dags 1.1.0, dbt 1.1.0, libs 1.1.0 from dev to staging"


def test_the_document_and_doing_it_twice(desk: Desk) -> None:
    source = desk.scene.repo.tip()
    document = desk.json("promote", "dev", "staging", "--yes")
    assert (document["promotes"], document["commit"]) == (source, desk.scene.repo.tip())
    assert set(document["digests"]) == {"dags", "dbt", "libs"}
    again = desk.json("promote", "dev", "staging", "--yes")
    assert (again["commit"], again["diff"]) == (None, [])


def test_the_order_is_kept(desk: Desk) -> None:
    tip = desk.scene.repo.tip()
    said = desk.run("promote", "dev", "prod", "--yes")
    assert said.code == 3
    assert "prod comes after staging, not after dev" in said.err
    assert "nothing yet" in desk.run("promote", "staging", "prod", "--yes").err
    assert "first environment" in desk.run("promote", "prod", "dev", "--yes").err
    assert desk.scene.repo.tip() == tip


def test_what_failed_there_is_refused(desk: Desk) -> None:
    desk.scene.publish("1.2.0", {"films": "three"})
    desk.scene.push("1.2.0")
    desk.scene.airflow.unparsed.add("films")
    desk.scene.tick()
    desk.scene.clock.advance(60)
    desk.scene.tick()
    said = desk.run("promote", "dev", "staging", "--yes")
    assert said.code == 3
    assert "dags 1.2.0 was not verified in dev" in said.err
    assert versions(desk, "staging") == {"1.0.0"}


def test_a_component_that_is_not_sealed_alone_is_told(desk: Desk) -> None:
    said = desk.run("promote", "dev", "staging", "--only", "dbt", "--yes")
    assert said.code == 3
    assert "not sealed: dags 1.0.0" in said.err


def test_nobody_is_asked_for_nothing(desk: Desk) -> None:
    tip = desk.scene.repo.tip()
    assert desk.run("promote", "dev", "staging").code == 2
    desk.interactive = True
    assert desk.run("promote", "dev", "staging", stdin="n\n").code == 130
    assert desk.scene.repo.tip() == tip


def test_a_lost_race_is_looked_at_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    push, lost = desk.scene.repo.push, list[str]()

    def once_too_late(base: str, files: dict[str, bytes], message: str) -> object:
        if not lost:
            lost.append(base)
            raise Conflict("moved on")
        return push(base, files, message)

    monkeypatch.setattr(desk.scene.repo, "push", once_too_late)
    said = desk.run("promote", "dev", "staging", "--yes")
    assert said.code == 0
    assert "Somebody pushed in between" in said.err
    assert versions(desk, "staging") == {"1.1.0"}
