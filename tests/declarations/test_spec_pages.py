"""The pages in docs/spec say what the code does: every field, examples that are valid, errors as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.core.yaml_schemas import KINDS, Schema, schema_of
from reconciler.core.yaml_values import parse
from tests.declarations.files import ROOT, folder, problems
from tests.declarations.test_approval_files import MISTAKES, files
from tests.declarations.test_mistakes import CONFIGS, ENVIRONMENTS, HOLDS, POINTERS

PAGES = {name: (ROOT / "docs" / "spec" / f"{name}.md").read_text() for name in KINDS}
CONFIG_HEAD = b"apiVersion: reconciler/v1\nkind: Reconciler\npromotion: "


def fields(
    schema: Schema, part: dict[str, Any], above: str = ""
) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every key that a file may have: its dotted name, what the schema says, whether it is required."""
    for choice in (part, *part.get("anyOf", ())):
        if "$ref" in choice:
            yield from fields(schema, schema["$defs"][choice["$ref"].rpartition("/")[2]], above)
    for name, child in part.get("properties", {}).items():
        yield above + name, child, name in part.get("required", ())
        yield from fields(schema, child, f"{above}{name}.")
        if isinstance(child.get("items"), dict):
            yield from fields(schema, child["items"], f"{above}{name}[].")
    if isinstance(part.get("additionalProperties"), dict):
        yield from fields(schema, part["additionalProperties"], f"{above}<name>.")


def rows(page: str) -> dict[str, list[str]]:
    """The cells of the table of fields, by field."""
    found = {}
    for line in page.partition("## Fields")[2].partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            found[cells[0].strip("`")] = cells[1:]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_on_the_page_and_no_other(kind: str) -> None:
    schema = schema_of(KINDS[kind])
    assert list(rows(PAGES[kind])) == [name for name, _, _ in fields(schema, schema)]


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_and_units_are_those_of_the_model(kind: str) -> None:
    schema = schema_of(KINDS[kind])
    table = rows(PAGES[kind])
    for name, child, required in fields(schema, schema):
        kind_of_value, default, meaning = table[name]
        stated = child.get("default")
        assert default == ("required" if required else "none" if stated is None else f"`{stated}`"), name
        assert meaning
        assert ("seconds" in kind_of_value) == name.endswith("Seconds"), name


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_are_valid(kind: str) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGES[kind], re.DOTALL)
    assert examples
    for example in examples:
        parse(example.encode(), KINDS[kind])


def test_the_errors_on_the_pages_are_told_word_for_word() -> None:
    told: set[str] = set()
    for content, _ in POINTERS.values():
        told |= set(problems(folder({"dev/pointer.yaml": content})))
    for content, _ in ENVIRONMENTS.values():
        told |= set(problems(folder({"dev/environment.yaml": content})))
    for content, _ in HOLDS.values():
        told |= set(problems(folder({"dev/holds.yaml": content})))
    for content, _ in CONFIGS.values():
        told |= set(problems(folder({"reconciler.yaml": CONFIG_HEAD + content + b"\n"})))
    for changed, _ in MISTAKES.values():
        told |= set(problems(files(**changed)))
    told |= set(problems(folder({"dev/pointer.yaml": None})))
    for kind, page in PAGES.items():
        quoted = re.findall(r"```text\n(.*?)\n```", page)
        assert quoted, kind
        assert set(quoted) <= told
