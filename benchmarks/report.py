"""Keeps results: a JSON file each, as Markdown, and in their places of `docs/performance.md`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.result import Cell, Result, Samples, Table

_PLACE = "<!-- {name}: begin -->\n{text}<!-- {name}: end -->"


def document(name: str, command: str, machine: Mapping[str, object], result: Result) -> dict[str, Any]:
    """A result as it is kept."""
    return {
        "name": name,
        "command": command,
        "machine": dict(machine),
        "parameters": dict(result.parameters),
        "tables": [_table(table) for table in result.tables],
        "notes": list(result.notes),
        "details": dict(result.details),
    }


def keep(folder: Path, kept: Mapping[str, Any]) -> Path:
    """Write it to `<folder>/<name>.json`, whole or not at all; the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{kept['name']}.json"
    part = folder / f".{file.name}.part"
    part.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    part.rename(file)
    return file


def markdown(kept: Mapping[str, Any]) -> str:
    """Tables, notes, and what they were measured on."""
    parts = [_markdown_table(table) for table in kept["tables"]]
    parts += ["".join(f"- {note}\n" for note in kept["notes"])] if kept["notes"] else []
    return "\n".join([*parts, _measured(kept)])


def into_page(page: str, kept: Mapping[str, Any]) -> str:
    """The page with this result in its place. Raises ValueError if the page has no place for it."""
    name = kept["name"]
    pattern = re.compile(
        re.escape(f"<!-- {name}: begin -->") + ".*?" + re.escape(f"<!-- {name}: end -->"), re.S
    )
    if len(pattern.findall(page)) != 1:
        raise ValueError(f"the page needs <!-- {name}: begin --> and <!-- {name}: end --> once")
    text = _PLACE.format(name=name, text=f"{markdown(kept)}\n")
    return pattern.sub(lambda _: text, page)


def shown(cell: Any) -> str:
    """A kept cell as people read it."""
    return cell["text"] if isinstance(cell, dict) else f"{cell:,}" if isinstance(cell, int) else str(cell)


def _table(table: Table) -> dict[str, Any]:
    cells = [[_cell(cell) for cell in row] for row in table.rows]
    return {"title": table.title, "columns": list(table.columns), "rows": cells}


def _cell(cell: Cell) -> Any:
    if isinstance(cell, Samples):
        values = [round(value, 4) for value in cell.values]
        return {"text": str(cell), "unit": cell.unit, "median": round(cell.median, 4), "values": values}
    return cell


def _markdown_table(table: Mapping[str, Any]) -> str:
    lines = [f"| {' | '.join(map(shown, row))} |" for row in (table["columns"], *table["rows"])]
    rule = "|".join(["---", *["---:"] * (len(table["columns"]) - 1)])
    title = [f"**{table['title']}**", ""] if table["title"] else []
    return "\n".join([*title, lines[0], f"|{rule}|", *lines[1:], ""])


def _measured(kept: Mapping[str, Any]) -> str:
    about = dict(kept["machine"])
    run = f"{about.pop('at')} at commit {about.pop('commit')} by `{kept['command']}`"
    return f"Measured {run}; {_listed(kept['parameters'])}. Machine: {_listed(about)}.\n"


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
