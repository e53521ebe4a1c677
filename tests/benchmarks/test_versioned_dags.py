"""Generated DAGs of a version name it in every file, so that a mix of two shows."""

from __future__ import annotations

from pathlib import Path

from local.dag_generator import generate_versioned


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.py")}


def test_every_dag_and_the_library_differ_between_versions(tmp_path: Path) -> None:
    ids = generate_versioned(tmp_path / "1", 3, "1.0.0")
    assert generate_versioned(tmp_path / "2", 3, "2.0.0") == ids
    one, two = files(tmp_path / "1"), files(tmp_path / "2")
    assert one.keys() == two.keys() == {*(f"{i}.py" for i in ids), "lib/__init__.py", "lib/generated.py"}
    assert [name for name in one if one[name] == two[name]] == ["lib/__init__.py"]


def test_the_same_version_writes_the_same_bytes(tmp_path: Path) -> None:
    generate_versioned(tmp_path / "1", 3, "1.0.0")
    generate_versioned(tmp_path / "2", 3, "1.0.0")
    assert files(tmp_path / "1") == files(tmp_path / "2")


def test_it_has_as_many_tasks_as_wanted_in_a_row(tmp_path: Path) -> None:
    (dag_id,) = generate_versioned(tmp_path, 1, "1.0.0", tasks=4)
    assert "    load(load(load(extract())))\n" in (tmp_path / f"{dag_id}.py").read_text()


def test_a_new_name_is_imported_and_there(tmp_path: Path) -> None:
    """With the library of another version, the DAG does not import."""
    (dag_id,) = generate_versioned(tmp_path, 1, "1.0.0", new_name=True)
    assert "LIBRARY, SINCE_1_0_0" in (tmp_path / f"{dag_id}.py").read_text()
    assert "\nSINCE_1_0_0 = " in (tmp_path / "lib" / "generated.py").read_text()
    generate_versioned(tmp_path, 1, "2.0.0", new_name=True)
    assert "SINCE_1_0_0" not in (tmp_path / "lib" / "generated.py").read_text()
