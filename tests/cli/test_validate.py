"""``validate`` reads the working folder and lists every problem."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.desk import Desk
from tests.engine.scene import ENVIRONMENT_YAML, RECONCILER_YAML, pointer_yaml


def _write(folder: Path, pointer: bytes = pointer_yaml("1.0.0")) -> None:
    (folder / "dev").mkdir(parents=True)
    (folder / "reconciler.yaml").write_bytes(RECONCILER_YAML)
    (folder / "dev/environment.yaml").write_bytes(ENVIRONMENT_YAML)
    (folder / "dev/pointer.yaml").write_bytes(pointer)


def test_good_files(desk: Desk, folder: Path) -> None:
    _write(folder / "environments")

    answer = desk.run("validate")

    assert answer.code == 0
    assert "✓ environments: 1 environment is right." in answer.out
    assert ["dev", "1.0.0", "1.0.0", "1.0.0"] in [line.split() for line in answer.out.splitlines()]
    assert desk.json("validate")["environments"] == {
        "dev": {"dags": "1.0.0", "libs": "1.0.0", "dbt": "1.0.0"}
    }


def test_every_problem_with_its_file_and_line(desk: Desk, folder: Path) -> None:
    _write(folder / "somewhere", pointer_yaml("one"))
    (folder / "somewhere/reconciler.yaml").write_text("kind: Reconciler\n")

    answer = desk.run("validate", "somewhere")
    document = desk.run("validate", "somewhere", "-o", "json").json

    assert answer.code == 3
    assert "somewhere/dev/pointer.yaml:4: components.dags.version: found" in answer.err
    assert "somewhere/reconciler.yaml:1:" in answer.err
    assert "problems" in answer.err.splitlines()[0]
    assert len(document["error"]["problems"]) >= 4
    assert answer.out == ""


def test_a_folder_that_is_not_there(desk: Desk, folder: Path) -> None:
    answer = desk.run("validate", "nowhere")

    assert answer.code == 2
    assert "nowhere is not a folder" in answer.err


def test_links_do_not_lead_out_of_the_folder(desk: Desk, folder: Path) -> None:
    _write(folder / "environments")
    (folder / "secret.yaml").write_text("password: hunter2\n")
    pointer = folder / "environments/dev/pointer.yaml"
    pointer.unlink()
    pointer.symlink_to(folder / "secret.yaml")

    answer = desk.run("validate")

    assert answer.code == 3
    assert "hunter2" not in answer.err
    assert "no such file" in answer.err


def test_schemas_are_written_on_request(desk: Desk, folder: Path) -> None:
    _write(folder / "environments")

    written = desk.json("validate", "--write-schemas")["schemas"]

    assert "schemas/pointer.schema.json" in written
    for path in written:
        assert json.loads((folder / path).read_text())["$schema"].startswith("https://json-schema.org/")
