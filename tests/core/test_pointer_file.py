"""The text of a DAG pointer: what Airflow needs to find in it, and the same bytes for the same pointer."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.pointer_file import render
from tests.builders import dag_pointer, release_manifest

MANIFEST = release_manifest(1)
POINTER = dag_pointer(MANIFEST, "dag_000")


def test_it_calls_the_loader_with_what_the_pointer_says() -> None:
    tree = ast.parse(render(POINTER, "x = 1\n"))
    (call,) = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load"
    ]
    said = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    assert said == {
        "dag_id": "dag_000",
        "history": [(MANIFEST.id, MANIFEST.archive.sha256, "dags/dag_000.py", "2026-11-21T05:00:00+00:00")],
    }


def test_airflows_safe_mode_finds_its_words() -> None:
    text = render(POINTER, "").lower()
    assert b"airflow" in text
    assert b"dag" in text


@given(st.text(st.characters(codec="utf-8")))
def test_no_source_escapes_from_its_comments(source: str) -> None:
    body = render(POINTER, source)
    assert body == render(POINTER, source)
    assert ast.dump(ast.parse(body)) == ast.dump(ast.parse(render(POINTER, "")))
