"""A DAG's parts change when, and only when, something changes that it may depend on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.closure import UNATTRIBUTED, ParsedDag, closure
from reconciler.model.errors import Terminal

A, B = "dags/a.py", "dags/b.py"


def dag(file: str, *tags: str, reads: tuple[str, ...] = ()) -> ParsedDag:
    return ParsedDag(file=file, tags=tags, reads=reads)


def release(**extra: bytes) -> dict[str, bytes]:
    """Two DAGs; ``a`` imports ``lib.x`` in a function, which imports ``lib.y``; ``b`` imports ``lib.z``."""
    return {
        A: b"def task():\n    from lib.x import load\n",
        B: b"import lib.z\n",
        "dags/lib/x.py": b"from . import y\n",
        "dags/lib/y.py": b"Y = 1\n",
        "dags/lib/z.py": b"Z = 1\n",
        **extra,
    }


DAGS = {"a": dag(A), "b": dag(B)}


def touched(
    before: dict[str, bytes], after: dict[str, bytes], dags: dict[str, ParsedDag] | None = None
) -> set[str]:
    """The DAGs whose parts differ between two releases."""
    old, new = closure(before, dags or DAGS), closure(after, dags or DAGS)
    return {dag_id for dag_id in new if old[dag_id] != new[dag_id]}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (A, {"a"}),
        (B, {"b"}),
        ("dags/lib/x.py", {"a"}),
        ("dags/lib/y.py", {"a"}),
        ("dags/lib/z.py", {"b"}),
    ],
)
def test_a_file_touches_the_dags_that_use_it(changed: str, expected: set[str]) -> None:
    before = release()
    assert touched(before, {**before, changed: before[changed] + b"# new\n"}) == expected


@pytest.mark.parametrize(
    ("statement", "module"),
    [
        (b"import common.tools.dates", "dags/common/tools/dates.py"),
        (b"from common.tools import dates", "dags/common/tools/dates.py"),
        (b"from common.tools import dates", "dags/common/__init__.py"),
        (b"from common import tools as t", "dags/common/tools/__init__.py"),
        (b"import importlib; importlib.import_module('common.tools.dates')", "dags/common/tools/dates.py"),
        (b"LOADER = 'common.tools.dates.load'", "dags/common/tools/dates.py"),
    ],
)
def test_every_way_to_import_counts(statement: bytes, module: str) -> None:
    package = {
        "dags/common/__init__.py": b"",
        "dags/common/tools/__init__.py": b"",
        "dags/common/tools/dates.py": b"",
    }
    user = b"import common.tools.dates\n"  # so that no file is without a user
    before = {A: statement, B: b"", "dags/c.py": user, **package}
    dags = {**DAGS, "c": dag("dags/c.py")}
    assert touched(before, {**before, module: b"NEW = 1\n"}, dags) == {"a", "c"}


def test_a_relative_import_in_a_package_counts() -> None:
    before = {
        A: b"import team.one",
        B: b"",
        "dags/team/one.py": b"from .two import f\nfrom ..shared import g\n",
        "dags/team/two.py": b"",
        "dags/shared.py": b"",
    }
    for changed in ("dags/team/two.py", "dags/shared.py"):
        assert touched(before, {**before, changed: b"NEW = 1\n"}) == {"a"}


def test_a_sibling_of_a_file_in_a_folder_counts() -> None:
    before = {"dags/team/a.py": b"import helper\n", B: b"", "dags/team/helper.py": b""}
    dags = {"a": dag("dags/team/a.py"), "b": dag(B)}
    assert touched(before, {**before, "dags/team/helper.py": b"NEW = 1\n"}, dags) == {"a"}


def test_what_was_read_while_parsing_counts_for_all_dags_of_the_file() -> None:
    dags = {
        "a1": dag(A, reads=("dags/config.yml",)),
        "a2": dag(A),
        "b": dag(B, reads=("dags/sql/b.sql",)),
    }
    before = release(**{"dags/config.yml": b"a: 1", "dags/sql/b.sql": b"select 1"})
    assert touched(before, {**before, "dags/config.yml": b"a: 2"}, dags) == {"a1", "a2"}
    assert touched(before, {**before, "dags/sql/b.sql": b"select 2"}, dags) == {"b"}


def test_a_file_opened_by_name_when_a_task_runs_counts_beside_its_reader() -> None:
    before = release(**{"dags/limits.json": b"{}"})
    before[A] = b"def task():\n    return open(folder / 'limits.json')\n"
    dags = {"a": dag(A), "b": dag(B, reads=("dags/limits.json",)), "c": dag("dags/c.py")}
    before["dags/c.py"] = b""
    assert touched(before, {**before, "dags/limits.json": b"[]"}, dags) == {"a", "b"}


def test_a_template_included_by_another_counts() -> None:
    before = release(**{"dags/a.sql": b"{% include 'part.sql' %}", "dags/part.sql": b"1"})
    before["dags/c.py"] = b""
    dags = {"a": dag(A, reads=("dags/a.sql",)), "b": dag(B, reads=("dags/part.sql",)), "c": dag("dags/c.py")}
    assert touched(before, {**before, "dags/part.sql": b"2"}, dags) == {"a", "b"}


def test_a_file_that_nobody_is_seen_to_use_counts_for_every_dag() -> None:
    before = release()
    assert touched(before, {**before, "dags/thresholds.csv": b"1"}) == {"a", "b"}
    assert touched(before, {**before, "dags/lib/orphan.py": b""}) == {"a", "b"}
    assert UNATTRIBUTED in closure({**before, "dags/lib/orphan.py": b""}, DAGS)["a"]


def test_a_dag_file_of_another_dag_does_not_count() -> None:
    before = release()
    after = {**before, "dags/c.py": b"# airflow dag\n"}
    assert closure(after, {**DAGS, "c": dag("dags/c.py")})["a"] == closure(before, DAGS)["a"]


def test_a_file_that_does_not_parse_refers_to_nothing() -> None:
    assert closure({A: b"import lib.x\n(", B: b"", "dags/lib/x.py": b""}, DAGS)["a"].keys() == {
        A,
        UNATTRIBUTED,
    }


NAMES = st.from_regex(r"[a-z]{3,8}_[0-9]{1,3}", fullmatch=True)


@given(name=NAMES, body=st.binary(max_size=50))
def test_a_new_module_used_by_one_dag_touches_that_dag_alone(name: str, body: bytes) -> None:
    before = release()
    after = {**before, A: before[A] + f"import lib.{name}\n".encode(), f"dags/lib/{name}.py": body}
    assert touched(before, after) == {"a"}


@given(st.lists(st.tuples(NAMES, st.sampled_from([A, B])), max_size=8, unique_by=lambda pair: pair[0]))
def test_any_module_touches_exactly_the_dags_that_import_it(modules: list[tuple[str, str]]) -> None:
    before = release()
    for name, user in modules:
        before[user] += f"from lib import {name}\n".encode()
        before[f"dags/lib/{name}.py"] = b""
    for name, user in modules:
        after = {**before, f"dags/lib/{name}.py": b"CHANGED = 1\n"}
        assert touched(before, after) == {"a" if user == A else "b"}


PROJECT: dict[str, bytes] = {
    "dbt/dbt_project.yml": b"name: shop\n",
    "dbt/macros/cents.sql": b"{% macro cents() %}{% endmacro %}",
    "dbt/seeds/countries.csv": b"id\n1\n",
    "dbt/models/staging/stg_orders.sql": b"select * from {{ source('raw', 'orders') }}",
    "dbt/models/staging/stg_films.sql": b"select * from {{ source('films', 'film') }}",
    "dbt/models/marts/orders.sql": b"{{ ref('stg_orders') }} join {{ ref('shop', 'countries') }}",
    "dbt/models/marts/films.sql": b'select * from {{ ref("stg_films") }}',
    "dbt/models/schema.yml": (
        b"models:\n- name: orders\n  description: o\n- name: films\n  description: f\n"
        b"sources:\n- name: raw\n  tables: [{name: orders}]\n- name: films\n  tables: [{name: film}]\n"
    ),
    "dbt/tests/orders_positive.sql": b"select * from {{ ref('orders') }} where amount < 0",
}
TAGGED = {"o": dag(A, "dbt:orders"), "f": dag(B, "dbt:films", "finance"), "all": dag("dags/c.py", "dbt:*")}
DBT_FILES = {A: b"", B: b"", "dags/c.py": b"", **PROJECT}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("dbt/models/marts/orders.sql", b"select 2", {"o", "all"}),
        ("dbt/models/staging/stg_orders.sql", b"select 2", {"o", "all"}),
        ("dbt/seeds/countries.csv", b"id\n2\n", {"o", "all"}),
        ("dbt/models/staging/stg_films.sql", b"select 2", {"f", "all"}),
        ("dbt/tests/orders_positive.sql", b"select * from {{ ref('orders') }}", {"o", "all"}),
        ("dbt/models/marts/new.sql", b"select * from {{ ref('orders') }}", {"all"}),
        ("dbt/macros/cents.sql", b"{% macro cents() %}1{% endmacro %}", {"o", "f", "all"}),
        ("dbt/dbt_project.yml", b"name: shop\nvars: {a: 1}\n", {"o", "f", "all"}),
        ("dbt/packages.yml", b"packages: []\n", {"o", "f", "all"}),
        ("dbt/models/schema.yml", PROJECT["dbt/models/schema.yml"].replace(b": o\n", b": p\n"), {"o", "all"}),
        (
            "dbt/models/schema.yml",
            PROJECT["dbt/models/schema.yml"].replace(b"film}", b"movie}"),
            {"f", "all"},
        ),
        ("dbt/models/schema.yml", b"models: [", {"o", "f", "all"}),
        ("dbt/models/who.yml", b"exposures: [{name: desk, depends_on: [ref('orders')]}]", {"all"}),
        ("dbt/models/marts/films.sql", b"select * from {{ ref(var('which')) }}", {"f", "all"}),
        ("dags/lib/unseen.txt", b"", {"o", "f", "all"}),
    ],
)
def test_a_dbt_file_touches_the_dags_whose_models_need_it(path: str, body: bytes, expected: set[str]) -> None:
    assert touched(DBT_FILES, {**DBT_FILES, path: body}, TAGGED) == expected


def test_a_model_that_refers_dynamically_depends_on_the_whole_project() -> None:
    before = {**DBT_FILES, "dbt/models/marts/films.sql": b"select * from {{ ref(var('which')) }}"}
    after = {**before, "dbt/models/marts/orders.sql": b"select 2"}
    assert touched(before, after, TAGGED) == {"o", "f", "all"}


def test_versions_snapshots_and_yaml_snapshots_are_nodes() -> None:
    files = {
        A: b"",
        "dbt/dbt_project.yml": b"name: shop\nmodel-paths: [src]\n",
        "dbt/src/orders_v2.sql": b"select 1",
        "dbt/src/top.sql": b"select * from {{ ref('orders', v=2) }} join {{ ref('kept') }}",
        "dbt/snapshots/old.sql": b"{% snapshot kept %} select 1 {% endsnapshot %}",
        "dbt/snapshots/all.yml": b"snapshots:\n- name: tracked\n  relation: ref('top')\n",
    }
    dags = {"a": dag(A, "dbt:tracked")}
    for path in ("dbt/src/orders_v2.sql", "dbt/snapshots/old.sql", "dbt/src/top.sql"):
        assert touched(files, {**files, path: files[path] + b" "}, dags) == {"a"}


def test_edges_of_a_manifest_are_added() -> None:
    manifest = b"""{"nodes": {
        "model.shop.films": {"name": "films", "depends_on": {"nodes": ["model.shop.stg_orders"]}},
        "model.shop.stg_orders": {"name": "stg_orders", "depends_on": {"nodes": []}}}}"""
    before = {**DBT_FILES, "dbt/manifest.json": manifest}
    after = {**before, "dbt/models/staging/stg_orders.sql": b"select 2"}
    assert touched(before, after, TAGGED) == {"o", "f", "all"}


def manifest(**parents: list[str]) -> bytes:
    """A manifest of models by name, with what each is made of."""
    nodes = {
        f"model.shop.{name}": {"name": name, "depends_on": {"nodes": [f"model.shop.{one}" for one in of]}}
        for name, of in parents.items()
    }
    return json.dumps({"nodes": nodes}).encode()


READERS = {
    "o": dag(A, "dbt:orders", reads=("dbt/manifest.json",)),
    "f": dag(B, "dbt:films", reads=("dbt/manifest.json",)),
    "untold": dag("dags/c.py", reads=("dbt/manifest.json",)),
}
KNOWN = {"stg_orders": [], "stg_films": [], "orders": ["stg_orders"], "films": ["stg_films"]}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"new": ["orders"]}, {"untold"}),
        ({"films": ["stg_films", "stg_orders"]}, {"f", "untold"}),
        ({}, set()),
    ],
)
def test_who_draws_tagged_nodes_from_the_manifest_depends_on_these_alone(
    changed: dict[str, list[str]], expected: set[str]
) -> None:
    before = {**DBT_FILES, "dbt/manifest.json": manifest(**KNOWN)}
    after = {**before, "dbt/manifest.json": manifest(**KNOWN | changed)}
    assert touched(before, after, READERS) == expected
    assert "dbt/manifest.json" not in closure(before, READERS)["o"]


def test_a_changed_model_with_its_manifest_touches_those_who_need_it() -> None:
    before = {**DBT_FILES, "dbt/manifest.json": manifest(**KNOWN)}
    after = {
        **before,
        "dbt/models/staging/stg_orders.sql": b"select * from {{ ref('stg_films') }}",
        "dbt/manifest.json": manifest(**KNOWN | {"stg_orders": ["stg_films"]}),
    }
    assert touched(before, after, READERS) == {"o", "untold"}


def test_a_tag_does_not_excuse_from_other_files_of_the_project() -> None:
    reads = ("dbt/manifest.json", "dbt/macros/cents.sql", "dbt/models/marts/films.sql")
    dags = {"o": dag(A, "dbt:orders", reads=reads), "b": dag(B), "c": dag("dags/c.py", "dbt:films")}
    after = {**DBT_FILES, "dbt/models/marts/films.sql": b"select 2"}
    assert touched(DBT_FILES, after, dags) == {"o", "c"}


@pytest.mark.parametrize("name", ["nothing", "+orders", "tag:nightly", "phantom"])
def test_a_tag_that_names_no_model_is_refused(name: str) -> None:
    files = {**DBT_FILES, "dbt/models/more.yml": b"models: [{name: phantom}]"}
    with pytest.raises(Terminal) as refused:
        closure(files, {"a": dag(A, f"dbt:{name}"), "b": dag(B, "dbt:orders")})
    assert f"{A}: DAG a is tagged dbt:{name}" in refused.value.message
    assert "dbt:*" in refused.value.remedy


@pytest.mark.parametrize(
    ("body", "reads"),
    [
        (b"", ("dbt/models/marts/films.sql",)),
        (b"CMD = 'dbt run --select films'\n", ()),
        (b"PROJECT = Path(__file__).parents[1] / 'dbt'\n", ()),
        (b"from dbt.cli.main import dbtRunner\n", ()),
        (b"def task():\n    import lib.dbt_runner\n", ()),
    ],
)
def test_a_dag_that_uses_dbt_without_a_tag_depends_on_all_of_it(body: bytes, reads: tuple[str, ...]) -> None:
    before = {**DBT_FILES, A: body, "dags/lib/dbt_runner.py": b"ARGS = ['dbt', 'build']\n"}
    before["dags/c.py"] = b"import lib.dbt_runner\n"
    dags = {"a": dag(A, reads=reads), "b": dag(B), "c": dag("dags/c.py", "dbt:films")}
    after = {**before, "dbt/models/marts/orders.sql": b"select 2"}
    assert touched(before, after, dags) == {"a"}
