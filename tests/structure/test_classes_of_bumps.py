"""What a bump means for DAGs whose own file may not have changed: two releases sealed, then compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.environments import AIRFLOW_VERSIONS
from reconciler.core.structure import compare
from reconciler.model.plan import ChangeClass
from reconciler.model.release import SealedDag
from tests.structure.changes import BASE, TOOLS
from tests.structure.sealing import Sealer

pytestmark = pytest.mark.airflow

UNTOUCHED = "untouched"
FILMS, OTHER = "dags/films.py", "dags/other.py"
FILES = {
    FILMS: BASE.replace("DAG_ID", "'films'")
    .replace("    # dag", "    tags=['dbt:films'],")
    .replace('"load.sh {{ ds }}"', '"sql/load.sh"')
    .encode(),
    OTHER: b"from airflow.sdk import DAG\nother = DAG('other', schedule=None)\n",
    "dags/sql/load.sh": b"echo {{ ds }}\n",
    "dags/lib/tools.py": TOOLS.encode(),
    "dbt/dbt_project.yml": b"name: shop\n",
    "dbt/models/films.sql": b"select 1\n",
    "dbt/models/shops.sql": b"select 1\n",
}
TWO_IN_ONE = FILES[OTHER] + b"third = DAG('third', schedule=None)\n"


@pytest.fixture(scope="module")
def one_sealer(airflow_python: Path) -> Sealer:
    """Seals with one Airflow: which DAGs a bump touches does not depend on its version."""
    return Sealer(airflow_python, AIRFLOW_VERSIONS[0])


@pytest.fixture(scope="module")
def sealed(one_sealer: Sealer) -> dict[str, SealedDag]:
    """The release before each bump."""
    return one_sealer.dags(FILES)


def edited(path: str, old: str, new: str) -> dict[str, bytes]:
    text = FILES[path].decode()
    assert old in text
    return {**FILES, path: text.replace(old, new).encode()}


@pytest.mark.parametrize(
    ("after", "films", "other"),
    [
        (edited(OTHER, "\n", "\n# A comment\n"), UNTOUCHED, ChangeClass.PINNED),
        (edited(OTHER, "None", "'@daily'"), UNTOUCHED, ChangeClass.CALENDAR),
        ({**FILES, OTHER: TWO_IN_ONE}, UNTOUCHED, ChangeClass.PINNED),
        ({**FILES, "dags/new.py": FILES[OTHER].replace(b"other'", b"new'")}, UNTOUCHED, UNTOUCHED),
        (edited("dbt/models/shops.sql", "1", "2"), UNTOUCHED, UNTOUCHED),
        (edited("dbt/models/films.sql", "1", "2"), ChangeClass.PINNED, UNTOUCHED),
        (edited("dbt/dbt_project.yml", "\n", "\nvars: {a: 1}\n"), ChangeClass.PINNED, UNTOUCHED),
        (edited("dags/sql/load.sh", "ds", "ts"), ChangeClass.PINNED, UNTOUCHED),
        (edited("dags/lib/tools.py", "\nclass", "\nNEW = 1\n\n\nclass"), ChangeClass.PINNED, UNTOUCHED),
        (edited("dags/lib/tools.py", "at_once=False", "at_once=True"), ChangeClass.DRAINED, UNTOUCHED),
        ({**FILES, "dags/notes.md": b"# Notes\n"}, ChangeClass.PINNED, ChangeClass.PINNED),
    ],
    ids=[
        "comment in the other DAG's file",
        "schedule of the other DAG",
        "second DAG in the other file",
        "new DAG",
        "dbt model of nobody",
        "dbt model",
        "dbt project",
        "template in a file",
        "library",
        "library that makes the graph",
        "file of nobody",
    ],
)
def test_a_bump_means_for_each_dag(
    after: dict[str, bytes],
    films: ChangeClass | str,
    other: ChangeClass | str,
    sealed: dict[str, SealedDag],
    one_sealer: Sealer,
) -> None:
    new = one_sealer.dags(after)
    for dag_id, expected in (("films", films), ("other", other)):
        if sealed[dag_id].fingerprint == new[dag_id].fingerprint:
            assert expected == UNTOUCHED
            assert (sealed[dag_id].structure, sealed[dag_id].calendar) == (
                new[dag_id].structure,
                new[dag_id].calendar,
            )
        else:
            assert compare(sealed[dag_id], new[dag_id])[0] is expected


RESTLESS = """
from datetime import datetime
from airflow.sdk import DAG, Asset, task

class Thing:
    pass

with DAG("restless", schedule=[Asset("s3://b"), Asset("s3://a")], tags={"x", "y", "z"}):
    @task
    def one(**named):
        return 1

    first = one.override(task_id="first", inlets=[Asset(f"s3://{n}") for n in {"p", "q", "r", "s"}])()
    many = [one.override(task_id=name)() for name in {"i", "j", "k", "l", "m"}]
    first >> many
    one.override(task_id="over").partial(a=Thing()).expand(b=[Thing(), {"u", "v", "w"}, frozenset({1})])
    one.override(task_id="mapped").expand(b=first.map(lambda found: Thing()))
"""


def test_parsing_again_gives_the_same(sealer: Sealer) -> None:
    files = {"dags/restless.py": RESTLESS.encode()}
    first, *more = (sealer.dags(files)["restless"] for _ in range(3))
    assert [dag for dag in more if dag != first] == []
    assert first.structure["over.op_kwargs_expand_input"]
    assert first.structure["first.inlets"]


def test_an_empty_dag_has_a_structure_too(sealed: dict[str, SealedDag]) -> None:
    assert sealed["other"].structure == {"airflow": f'"{AIRFLOW_VERSIONS[0]}"'}
