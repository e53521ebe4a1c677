"""The loader in a real Airflow's parse: the right release, that one DAG, and nothing of any other release."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.loader.dag_folder import PAST, DagFolder, dag_source
from tests.loader.parser import Parser

pytestmark = pytest.mark.airflow

LIB_DOC = "lib.text.TEXT"


def with_lib(dag_id: str, text: str, **more: bytes) -> dict[str, bytes]:
    """A release with one DAG whose doc is what its library says."""
    return {
        f"dags/{dag_id}.py": dag_source(dag_id, top="import lib.text", doc=LIB_DOC),
        "dags/lib/text.py": f"TEXT = {text!r}\n".encode(),
        **more,
    }


def only(report: dict[str, Any]) -> dict[str, Any]:
    (dag,) = report["dags"]
    assert "error" not in dag, dag["error"]
    return dict(dag)


def test_a_pointer_gives_its_dag_with_the_releases_tag(folder: DagFolder, parser: Parser) -> None:
    release = folder.release(with_lib("films", "one"))
    pointer = folder.point("films", release)
    dag = only(folder.parse(parser, "films"))
    assert dag["tags"] == ["own", f"release:{release}"]
    assert (dag["doc"], dag["fileloc"]) == ("one", str(pointer))


@pytest.mark.parametrize("package", [{}, {"dags/lib/__init__.py": b""}], ids=["namespace", "package"])
def test_releases_in_one_process_do_not_mix(
    package: dict[str, bytes], folder: DagFolder, parser: Parser
) -> None:
    from_lib = dag_source("c", top="from lib import text", doc="text.TEXT")
    old = folder.release({**with_lib("a", "old"), "dags/c.py": from_lib, **package})
    new = folder.release({**with_lib("b", "new"), "dags/lib/more.py": b"", **package})
    folder.point("a", old)
    folder.point("b", new)
    folder.point("c", old)
    report = folder.parse(parser, "a", "b", "c", "b", "a")
    assert [(dag["dag_id"], dag["doc"]) for dag in report["dags"]] == [
        ("a", "old"),
        ("b", "new"),
        ("c", "old"),
        ("b", "new"),
        ("a", "old"),
    ]
    in_cache = [path for path in report["path"] if path.startswith(str(folder.cache))]
    assert len(in_cache) == 1
    assert report["path"][0] == in_cache[0]


def test_a_module_that_only_another_release_has_is_not_found(folder: DagFolder, parser: Parser) -> None:
    old = folder.release({**with_lib("a", "old"), "dags/lib/gone.py": b"", "dags/helper.py": b""})
    uses_gone = dag_source("b", top="import lib.text\nimport lib.gone")
    new = folder.release({"dags/b.py": uses_gone, "dags/lib/text.py": b"TEXT = 'new'\n"})
    folder.point("a", old)
    folder.point("b", new)
    _, second = folder.parse(parser, "a", "b")["dags"]
    assert "No module named 'lib.gone'" in second["error"]


def test_a_folder_of_before_beside_the_pointers_does_not_get_in(folder: DagFolder, parser: Parser) -> None:
    (folder.root / "lib").mkdir()
    (folder.root / "lib" / "text.py").write_text("TEXT = 'legacy'\n")
    (folder.root / "legacy.py").write_bytes(dag_source("legacy", top="import lib.text", doc=LIB_DOC))
    folder.point("films", folder.release(with_lib("films", "released")))
    report = folder.parse(parser, "legacy", "films")
    assert [dag["doc"] for dag in report["dags"]] == ["legacy", "released"]


def test_an_older_release_stands_in_until_the_newest_arrives(folder: DagFolder, parser: Parser) -> None:
    old = folder.release(with_lib("films", "old"))
    new = folder.release(with_lib("films", "new"), arrived=False)
    folder.point("films", new, old)
    report = folder.parse(parser, "films")
    assert only(report)["tags"] == ["own", f"release:{old}"]
    assert f"falls back to release {old}: {new} is not here" in report["log"]
    folder.put(new)
    report = folder.parse(parser, "films")
    assert only(report)["doc"] == "new"
    assert "falls back" not in report["log"]


def test_an_archive_that_is_not_whole_counts_as_absent(folder: DagFolder, parser: Parser) -> None:
    old = folder.release(with_lib("films", "old"))
    new = folder.release(with_lib("films", "new"))
    folder.point("films", new, old)
    for spoilt in (folder.archive(new)[:-10], folder.archive(old), b""):
        folder.put(new, spoilt)
        report = folder.parse(parser, "films")
        assert only(report)["doc"] == "old"
        assert "is not whole" in report["log"]
    assert folder.cached() == [old]


def test_no_release_at_all_is_an_import_error_that_says_what_to_do(folder: DagFolder, parser: Parser) -> None:
    new = folder.release(with_lib("films", "new"), arrived=False)
    folder.point("films", new)
    (problem,) = folder.parse(parser, "films")["dags"]
    assert f"no whole copy of _releases/{new}.tar.gz" in problem["error"]
    assert "next sync of the DAG folder" in problem["error"]


def test_a_release_is_used_from_its_time_on(folder: DagFolder, parser: Parser) -> None:
    old, new = folder.release(with_lib("films", "old")), folder.release(with_lib("films", "new"))
    later = datetime.now(UTC) + timedelta(hours=1)
    folder.point("films", new, old, since=[later, PAST])
    assert only(folder.parse(parser, "films"))["doc"] == "old"
    folder.point("films", new, old, since=[PAST + timedelta(hours=1), PAST])
    assert only(folder.parse(parser, "films"))["doc"] == "new"


def test_a_new_dag_is_there_from_its_time_on(folder: DagFolder, parser: Parser) -> None:
    new = folder.release(with_lib("films", "new"))
    folder.point("films", new, since=[datetime.now(UTC) + timedelta(hours=1)])
    assert folder.parse(parser, "films")["dags"] == []
    folder.point("films", new)
    assert only(folder.parse(parser, "films"))["doc"] == "new"


def test_templates_are_found_beside_the_file_and_on_its_own_searchpath(
    folder: DagFolder, parser: Parser
) -> None:
    source = (
        "from pathlib import Path\nfrom airflow.sdk import DAG\n"
        "from airflow.providers.standard.operators.bash import BashOperator\n"
        "with DAG('films', schedule=None, template_searchpath=[str(Path(__file__).parents[1] / 'more')]):\n"
        "    BashOperator(task_id='beside', bash_command='sql/films.sh')\n"
        "    BashOperator(task_id='own', bash_command='extra.sh')\n"
    )
    release = folder.release(
        {
            "dags/team/films.py": source.encode(),
            "dags/team/sql/films.sh": b"echo beside",
            "dags/more/extra.sh": b"echo own",
        }
    )
    folder.point("films", release, file="dags/team/films.py")
    dag = only(folder.parse(parser, "films"))
    assert dag["commands"] == {"beside": "echo beside", "own": "echo own"}
    assert [Path(path).name for path in dag["searchpath"]] == ["team", "more"]


FACTORY = b"""
from airflow.sdk import DAG, dag

for name in ("one", "two"):
    globals()[name] = DAG(f"shop_{name}", schedule=None, doc_md=name)
with DAG("shop_three", schedule=None, doc_md="three"):
    pass

@dag(schedule=None, doc_md="four")
def shop_four():
    pass

shop_four()
"""


def test_each_pointer_gives_one_dag_of_a_factory(folder: DagFolder, parser: Parser) -> None:
    release = folder.release({"dags/shops.py": FACTORY})
    names = ["one", "two", "three", "four"]
    for name in names:
        folder.point(f"shop_{name}", release, file="dags/shops.py")
    report = folder.parse(parser, *(f"shop_{name}" for name in names))
    assert [(dag["dag_id"], dag["doc"]) for dag in report["dags"]] == [(f"shop_{n}", n) for n in names]


def test_a_pointer_to_what_the_release_does_not_have(folder: DagFolder, parser: Parser) -> None:
    release = folder.release({"dags/shops.py": FACTORY})
    folder.point("shop_five", release, file="dags/shops.py")
    folder.point("films", release)
    five, films = folder.parse(parser, "shop_five", "films")["dags"]
    assert "defines no DAG shop_five, only: shop_four, shop_one, shop_three, shop_two" in five["error"]
    assert f"Release {release} has no file dags/films.py" in films["error"]


def test_an_error_in_the_dag_shows_its_own_place(folder: DagFolder, parser: Parser) -> None:
    release = folder.release({"dags/films.py": b"# airflow dag\nraise ValueError('mine')\n"})
    folder.point("films", release)
    (problem,) = folder.parse(parser, "films")["dags"]
    assert 'dags/films.py", line 2' in problem["error"]
    assert "ValueError: mine" in problem["error"]


def test_dbt_is_found_as_in_a_checkout(folder: DagFolder, parser: Parser) -> None:
    source = dag_source(
        "films",
        top="from pathlib import Path\nDBT = Path(__file__).parents[1] / 'dbt'",
        doc="(DBT / 'dbt_project.yml').read_text()",
    )
    folder.point("films", folder.release({"dags/films.py": source, "dbt/dbt_project.yml": b"name: shop"}))
    assert only(folder.parse(parser, "films"))["doc"] == "name: shop"


def test_what_is_missing_in_the_cache_is_unpacked_again(folder: DagFolder, parser: Parser) -> None:
    folder.point("films", folder.release(with_lib("films", "one")))
    assert only(folder.parse(parser, "films"))["doc"] == "one"
    (unpacked,) = folder.cache.glob("[0-9a-f]*")
    (unpacked / "dags" / "lib" / "text.py").unlink()
    assert only(folder.parse(parser, "films"))["doc"] == "one"


def test_where_one_dag_alone_is_wanted_the_others_load_nothing(folder: DagFolder, parser: Parser) -> None:
    for dag_id in ("a", "b", "c"):
        folder.point(dag_id, folder.release(with_lib(dag_id, dag_id)))
    # What `airflow dags test b` says; then it runs b in that process.
    report = folder.parse(parser, "a", "b", "c", _AIRFLOW_PARSING_CONTEXT_DAG_ID="b")
    assert only(report)["dag_id"] == "b"
    assert [Path(path).parent.name[:16] for path in report["path"] if path.startswith(str(folder.cache))] == [
        only(report)["tags"][1].removeprefix("release:")
    ]
