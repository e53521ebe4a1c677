"""Sealing parses with a real Airflow, fingerprints every DAG, and refuses what would not run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.build import seal as sealing
from reconciler.build.archive import pack, unpack
from reconciler.build.clean_parse import ParseReport, parse_cleanly
from reconciler.build.seal import seal
from reconciler.core.identity import artifact_digest, release_id, sha256
from reconciler.model.artifact import FileEntry
from reconciler.model.component import Component, component_of
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason
from reconciler.model.release import ReleaseManifest

pytestmark = pytest.mark.airflow

AIRFLOW = "3.0.6"


def dag(dag_id: str, *, tags: tuple[str, ...] = (), body: str = "pass", top: str = "") -> bytes:
    return (
        f"from airflow.sdk import DAG\n{top}\n"
        f"with DAG({dag_id!r}, schedule=None, tags={list(tags)!r}):\n    {body}\n"
    ).encode()


def bash(command: str) -> str:
    return (
        "from airflow.providers.standard.operators.bash import BashOperator; "
        f"BashOperator(task_id='run', bash_command={command!r})"
    )


FILES: dict[str, bytes] = {
    "dags/films.py": dag("films", top="import lib.loading", tags=("dbt:films",)),
    "dags/orders.py": dag("orders", body=bash("sql/orders.sh")),
    "dags/sql/orders.sh": b"echo {{ ds }}\n",
    "dags/factory.py": (
        b"from pathlib import Path\nfrom airflow.sdk import DAG\n"
        b"for name in sorted((Path(__file__).parent / 'shops').glob('*.txt')):\n"
        b"    globals()[name.stem] = DAG(name.read_text().strip(), schedule=None)\n"
    ),
    "dags/shops/one.txt": b"shop_one\n",
    "dags/shops/two.txt": b"shop_two\n",
    "dags/lib/loading.py": b"import lib.sizes\n",
    "dags/lib/sizes.py": b"SIZE = 1\n",
    "dbt/dbt_project.yml": b"name: shop\n",
    "dbt/models/films.sql": b"select 1\n",
}


def archives(files: Mapping[str, bytes]) -> tuple[dict[Component, bytes], dict[Component, str]]:
    packed, digests = {}, {}
    for component in Component:
        own = {path: body for path, body in files.items() if component_of(path) is component}
        if own:
            entries = [FileEntry(path=p, sha256=sha256(b), size=len(b)) for p, b in own.items()]
            packed[component], digests[component] = pack(own), artifact_digest(component, entries)
    return packed, digests


def sealed(files: Mapping[str, bytes], python: Path) -> tuple[ReleaseManifest, bytes]:
    return seal(*archives(files), python, AIRFLOW)


def refusal(files: Mapping[str, bytes], python: Path) -> str:
    with pytest.raises(Terminal) as refused:
        sealed(files, python)
    assert refused.value.reason is Reason.ARTIFACT_FAILED
    assert refused.value.remedy
    return refused.value.message


@pytest.fixture(scope="module")
def before(airflow_python: Path) -> tuple[ReleaseManifest, bytes]:
    return sealed(FILES, airflow_python)


def test_a_release_is_one_archive_with_every_dag_fingerprinted(before: tuple[ReleaseManifest, bytes]) -> None:
    manifest, archive = before
    assert unpack(archive) == FILES
    assert manifest.archive.sha256 == sha256(archive)
    assert manifest.id == release_id(archives(FILES)[1])
    assert manifest.airflow_version == AIRFLOW
    assert {dag_id: found.file for dag_id, found in manifest.dags.items()} == {
        "films": "dags/films.py",
        "orders": "dags/orders.py",
        "shop_one": "dags/factory.py",
        "shop_two": "dags/factory.py",
    }
    assert {"dags/lib/sizes.py", "dbt/models/films.sql"} <= set(manifest.dags["films"].depends_on)
    assert "dags/sql/orders.sh" in manifest.dags["orders"].depends_on
    assert "dags/shops/two.txt" in manifest.dags["shop_one"].depends_on
    assert manifest.dags["orders"].structure == {"airflow": f'"{AIRFLOW}"', "run.downstream_task_ids": "[]"}
    assert manifest.dags["orders"].calendar == {"timetable": '"airflow.timetables.simple.NullTimetable"'}
    assert ReleaseManifest.model_validate(manifest.to_json()) == manifest


def test_sealing_again_gives_the_same(before: tuple[ReleaseManifest, bytes], airflow_python: Path) -> None:
    assert before == sealed(dict(reversed(FILES.items())), airflow_python)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("dags/lib/sizes.py", b"SIZE = 2\n", {"films"}),
        ("dbt/models/films.sql", b"select 2\n", {"films"}),
        ("dags/sql/orders.sh", b"echo no\n", {"orders"}),
        ("dags/shops/one.txt", b"shop_one \n", {"shop_one", "shop_two"}),
        ("dags/notes.md", b"# Notes\n", {"films", "orders", "shop_one", "shop_two"}),
    ],
)
def test_a_bump_changes_the_fingerprints_of_what_it_touches(
    path: str,
    body: bytes,
    expected: set[str],
    before: tuple[ReleaseManifest, bytes],
    airflow_python: Path,
) -> None:
    old, _ = before
    after, _ = sealed({**FILES, path: body}, airflow_python)
    changed = {i for i in old.dags if old.dags[i].fingerprint != after.dags[i].fingerprint}
    assert changed == expected


def test_every_way_to_break_a_file_is_named_with_its_line(airflow_python: Path) -> None:
    message = refusal(
        {
            **FILES,
            "dags/by_import.py": b"# airflow dag\nimport lib.broken\n",
            "dags/lib/broken.py": b"\n\nimport nothing_by_this_name\n",
            "dags/by_exit.py": b"import sys\nsys.exit(3)\n",
            "dags/by_os_exit.py": b"import os\nos._exit(0)\n",
            "dags/by_memory.py": b"TOO_MUCH = 'x' * (1 << 40)\n",
            "dags/by_kill.py": b"import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
            "dags/by_operator.py": dag("by_operator", body="raise ValueError('no')"),
        },
        airflow_python,
    ).splitlines()
    assert len(message) == 6
    expected = {
        "dags/lib/broken.py:3 (imported by dags/by_import.py)": "ModuleNotFoundError",
        "dags/by_exit.py:2": "SystemExit: 3",
        "dags/by_os_exit.py": "ended the process with code 0",
        "dags/by_memory.py:1": "MemoryError",
        "dags/by_kill.py": "SIGKILL",
        "dags/by_operator.py:4": "ValueError: no",
    }
    for place, why in expected.items():
        assert any(line.startswith(f"{place}: ") and why in line for line in message), (place, message)


def test_a_file_that_hangs_is_named_and_its_children_end(airflow_python: Path, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    hanging = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "while True:\n    try:\n        time.sleep(600)\n    except BaseException:\n        pass\n"
    )
    report = parse_cleanly({**FILES, "dags/hangs.py": hanging.encode()}, airflow_python, file_seconds=5)
    assert report.errors == {"dags/hangs.py": "Parsing it did not end within 5 seconds."}
    assert "films" in report.dags
    for pid in pids.read_text().split():
        assert not Path(f"/proc/{pid}").exists() or "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()


def test_what_a_file_prints_or_leaves_in_memory_does_not_matter(airflow_python: Path) -> None:
    files = {
        **FILES,
        "dags/a_loud.py": dag("loud", top="import os\nprint('x' * 100_000)\nos.write(1, b'{}')"),
        "dags/b_patcher.py": dag("patcher", top="import json\ndel json.dumps\njson.loads = None"),
        "dags/c_changer.py": dag("changer", top="import os, sys\nos.chdir('/')\nsys.path.pop(0)"),
        "dags/d_stays.py": dag(
            "stays", top="import lib.sizes\nlib.sizes.SIZE += 1\nassert lib.sizes.SIZE == 2"
        ),
        "dags/e_stays.py": dag(
            "stays2", top="import lib.sizes\nlib.sizes.SIZE += 1\nassert lib.sizes.SIZE == 2"
        ),
    }
    manifest, _ = sealed({k: v for k, v in files.items() if k != "dags/b_patcher.py"}, airflow_python)
    assert {"loud", "changer", "stays", "stays2"} <= manifest.dags.keys()
    assert "dags/b_patcher.py" in refusal(files, airflow_python)


def test_nothing_of_the_callers_environment_is_seen(
    airflow_python: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "only_here.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_VAR_SECRET", "mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    peeking = dag(
        "peeking",
        top="import os\nassert not [k for k in os.environ if 'SECRET' in k]\nimport only_here",
    )
    message = refusal({"dags/peeking.py": peeking}, airflow_python)
    assert "dags/peeking.py:4" in message
    assert "No module named 'only_here'" in message
    assert os.environ["AIRFLOW_VAR_SECRET"] == "mine"


def test_a_variable_with_a_default_needs_no_database(airflow_python: Path) -> None:
    reading = dag("v_{}", top="from airflow.sdk import Variable\nNAME = Variable.get('x', default='y')")
    manifest, _ = sealed({"dags/v.py": reading.replace(b"'v_{}'", b"'v_' + NAME")}, airflow_python)
    assert manifest.dags.keys() == {"v_y"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"dags/a.py": dag("same"), "dags/b.py": dag("same")},
            "dags/a.py: the dag_id 'same' is defined twice (dags/a.py, dags/b.py).",
        ),
        (
            {"dags/a.py": dag("same") + dag("same", body=bash("true"))},
            "dags/a.py: the dag_id 'same' is defined twice (dags/a.py, more than once).",
        ),
        ({"dags/a.py": b"# airflow dag\n"}, "dags/: no file defines a DAG."),
        ({"dags/a.py": dag(".hidden")}, "dags/a.py: the dag_id '.hidden' cannot be a file name"),
        ({"dags/a.py": dag("größe")}, "dags/a.py: the dag_id 'größe' cannot be a file name"),
        (
            {"dags/a.py": dag("_reconciler_loader_v1")},
            "dags/a.py: the dag_id '_reconciler_loader_v1' is a name that the reconciler",
        ),
        (
            {"dags/a.py": dag("_reconciler_loader_v2")},
            "dags/a.py: the dag_id '_reconciler_loader_v2' is a name that the reconciler",
        ),
        ({"dags/a.py": dag("__file__")}, "dags/a.py: the dag_id '__file__' is a name that"),
        (
            {"dags/a.py": dag("Films"), "dags/b.py": dag("films")},
            "dags/b.py: the dag_id 'films' differs from 'Films' only by case.",
        ),
        (
            {"dags/a.py": dag("lib"), "dags/lib/x.py": b""},
            "dags/a.py: the dag_id 'lib' is also the name of the folder dags/lib/",
        ),
        (
            {"dags/json.py": b"", "dags/a.py": dag("a")},
            "dags/json.py: it has the name of an installed module",
        ),
        (
            {"dags/airflow/__init__.py": b"", "dags/a.py": dag("a")},
            "dags/airflow: it has the name of an installed module",
        ),
        (
            {"dags/a.py": dag("a", tags=("dbt:nothing",)), "dbt/dbt_project.yml": b"name: shop"},
            "dags/a.py: DAG a is tagged dbt:nothing, but no dbt model has that name.",
        ),
        (
            {"dags/a.py": dag("a"), "dags/Lib/x.py": b"", "dags/lib/x.py": b""},
            "'dags/lib/x.py' differs from 'dags/Lib/x.py' only by case",
        ),
    ],
)
def test_a_release_that_could_not_be_delivered(
    files: dict[str, bytes], expected: str, airflow_python: Path
) -> None:
    message = refusal(files, airflow_python)
    assert len(message.splitlines()) == 1
    assert message.startswith(expected)


def test_files_that_airflow_would_not_look_at_are_not_parsed(airflow_python: Path) -> None:
    files = {
        "dags/a.py": dag("a"),
        "dags/.airflowignore": b"scratch/\n",
        "dags/scratch/wip.py": b"raise ValueError\n",
        "dags/team/__init__.py": b"",
        "dags/team/part.py": b"from .other import x\n",
        "dags/team/other.py": b"x = 1\n",
        "dags/lib/y.py": b"raise ValueError\n",
    }
    assert sealed(files, airflow_python)[0].dags.keys() == {"a"}


def test_another_airflow_than_the_targets(airflow_python: Path) -> None:
    with pytest.raises(Terminal, match=r"has Airflow 3\.0\.6, the environment 2\.10\.3") as refused:
        seal(*archives(FILES), airflow_python, "2.10.3")
    assert "apache-airflow==2.10.3" in refused.value.remedy


def test_an_interpreter_that_has_no_airflow_or_is_none(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match=r"No such file"):
        sealed(FILES, tmp_path / "python")
    bare = tmp_path / "bare"
    bare.write_text('#!/bin/sh\necho "No module named airflow" >&2\nexit 1\n')
    bare.chmod(0o755)
    with pytest.raises(Terminal, match=r"No module named airflow"):
        sealed(FILES, bare)


def no_parse(*_: object) -> ParseReport:
    raise AssertionError("nothing may be parsed here")


def test_artifacts_that_are_not_what_they_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "parse_cleanly", no_parse)
    packed, digests = archives(FILES)
    with pytest.raises(Terminal, match=r"The artifact of libs is not e{64}"):
        seal(packed, {**digests, Component.LIBS: "e" * 64}, Path("python"), AIRFLOW)
    stray = {"dags/lib/x.py": b""}
    entries = [FileEntry(path=p, sha256=sha256(b), size=len(b)) for p, b in stray.items()]
    with pytest.raises(Terminal, match=r"The artifact of dags is not .*: it holds 'dags/lib/x.py'"):
        seal(
            {Component.DAGS: pack(stray)},
            {Component.DAGS: artifact_digest(Component.DAGS, entries)},
            Path("python"),
            AIRFLOW,
        )
    del packed[Component.DAGS], digests[Component.DAGS]
    with pytest.raises(Terminal, match=r"needs the component dags"):
        seal(packed, digests, Path("python"), AIRFLOW)
