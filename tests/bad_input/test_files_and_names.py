"""The environment's files: what no file may be, and names that nothing goes by."""

from __future__ import annotations

import pytest

from reconciler.model.component import Component
from reconciler.model.reason import Reason
from tests.bad_input.stage import Case, Stage
from tests.builders import artifact
from tests.engine import scene as scenery
from tests.engine.scene import pointer_yaml

GOOD = pointer_yaml("1.1.0")
MEND = {"reconciler.yaml": scenery.RECONCILER_YAML, "dev/environment.yaml": scenery.ENVIRONMENT_YAML}
POINTER = "dev/pointer.yaml"


def pushed(path: str, body: bytes | None, *says: str, reason: Reason = Reason.INVALID_CONFIGURATION) -> Case:
    """A person commits a file."""
    return Case(
        spoil=lambda stage: stage.scene.repo.person_pushes({path: body}),
        says=says,
        reason=reason,
        mend=lambda stage: stage.scene.repo.person_pushes({path: None, **MEND}),
    )


def without(old: bytes, new: bytes = b"") -> bytes:
    """The good pointer with a part replaced."""
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def unsealed(stage: Stage) -> None:
    manifest, archive = artifact(Component.DBT, "5.0.0", {"dbt/x.sql": b"other"})
    stage.scene.artifacts.publish(manifest, archive)
    body = without(b"dbt: {version: 1.1.0}", b"dbt: {version: 5.0.0}")
    stage.scene.repo.person_pushes({POINTER: body})


BOMB = b"a: &a [x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c + 1, c + 1, c, c) for c in range(97, 110))

FILES: dict[str, Case] = {
    "empty": pushed(POINTER, b"", "dev/pointer.yaml:1: file: found an empty file"),
    "malformed": pushed(POINTER, b"components: [\n", "dev/pointer.yaml:2: file: found a mistake in the YAML"),
    "huge": pushed(
        POINTER, b"#" * 300_000, "dev/pointer.yaml:1: file: found 300000 bytes, expected at most 262144"
    ),
    "a folder of 3 MB": pushed("dev/data.csv", b"x" * 3_000_000, "bytes", "at most"),
    "deeply nested": pushed(
        POINTER, b"a: " + b"[" * 5_000, "file: found deeper nesting, expected at most 20"
    ),
    "duplicate key": pushed(
        POINTER, without(b"  libs:", b"  dags:"), ":5: components.dags: found the key a second time", "line 4"
    ),
    "alias bomb": pushed(POINTER, BOMB, ":2: b[0]: found the alias *a, expected the value itself"),
    "not UTF-8": pushed(
        POINTER, b"\xff\xfe\0", ":1: file: found the byte 0xff, expected text encoded as UTF-8"
    ),
    "merge conflict": pushed(POINTER, b"<<<<<<< HEAD\n" + GOOD, "found a mistake in the YAML"),
    "deleted": pushed(POINTER, None, "dev/pointer.yaml:1: file: found no such file, expected a file of kind"),
}

NAMES: dict[str, Case] = {
    "unknown component": pushed(
        POINTER,
        without(b"  dbt:", b"  dtb:"),
        ":6: components.dtb: found an unknown key",
        "did you mean dbt?",
    ),
    "component left out": pushed(
        POINTER, without(b"  dbt: {version: 1.1.0}\n"), "components.dbt: found nothing, expected"
    ),
    "unknown version": pushed(
        POINTER,
        pointer_yaml("9.9.9"),
        "9.9.9 was never published",
        "reconciler publish",
        reason=Reason.ARTIFACT_FAILED,
    ),
    "version that is none": pushed(
        POINTER,
        pointer_yaml("latest"),
        ':4: components.dags.version: found "latest", expected a semantic version',
    ),
    "unknown environment": pushed(
        "reconciler.yaml",
        scenery.RECONCILER_YAML.replace(b"[dev]", b"[prod]"),
        'reconciler.yaml:3: promotion: found the list ["prod"], expected "dev" among them',
    ),
    "environment of another name": pushed(
        "dev/environment.yaml",
        scenery.ENVIRONMENT_YAML.replace(b"name: dev", b"name: prod"),
        'dev/environment.yaml:3: name: found "prod", expected "dev", the name of its folder',
    ),
    "unknown DAG": pushed(POINTER, GOOD + b"dags: {nowhere: 1.0.0}\n", ":7: dags: found an unknown key"),
    "unknown pin": pushed(POINTER, GOOD + b"pins: {one: 1.0.0}\n", ":7: pins: found an unknown key"),
    "digest that is none": pushed(
        POINTER,
        without(b"{version: 1.1.0}", b"{version: 1.1.0, digest: abc}"),
        ":4: components.dags.digest: found",
    ),
    "digest of other bytes": pushed(
        POINTER,
        without(b"{version: 1.1.0}", b"{version: 1.1.0, digest: " + b"0" * 64 + b"}"),
        "dags 1.1.0 has the digest",
        "Correct or remove `digest`",
        reason=Reason.ARTIFACT_FAILED,
    ),
    "not sealed": Case(
        spoil=unsealed,
        says=("not sealed", "dbt 5.0.0", "reconciler seal dev"),
        reason=Reason.ARTIFACT_FAILED,
    ),
    "DAG folder of another place": pushed(
        "dev/environment.yaml",
        scenery.ENVIRONMENT_YAML.replace(b"dev-airflow", b"elsewhere"),
        "airflow.dagFolder changes from s3://dev-airflow/dags/ to s3://elsewhere/dags/",
    ),
}


@pytest.mark.parametrize("case", [*FILES, *NAMES])
def test_it_is_told_and_nothing_live_changes(case: str) -> None:
    stage = Stage()
    stage.begin()
    (FILES | NAMES)[case].play(stage)


@pytest.mark.parametrize("command", ["plan", "sync", "status", "events", "wait"])
def test_an_environment_that_the_command_line_does_not_know(command: str) -> None:
    stage = Stage()
    answer = stage.command(command, "nowhere")
    assert answer.code == 2
    assert "There is no environment 'nowhere'" in answer.json["error"]["message"]
    assert "dev" in answer.json["error"]["remedy"]
