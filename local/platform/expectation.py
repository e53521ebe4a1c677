"""What the tables have to hold in the end, by size: committed, and written anew with `--accept`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from local.platform.warehouse import Contents

FILE = Path(__file__).with_name("expected.json")


def read(size: str, file: Path = FILE) -> dict[str, Contents]:
    """Contents by table; empty for a size that was never accepted."""
    found = json.loads(file.read_text()) if file.exists() else {}
    return {table: Contents(**one) for table, one in found.get(size, {}).items()}


def accept(size: str, contents: Mapping[str, Contents], file: Path = FILE) -> None:
    """Make what is there what is expected."""
    found = json.loads(file.read_text()) if file.exists() else {}
    found[size] = {table: asdict(one) for table, one in sorted(contents.items())}
    file.write_text(json.dumps(found, indent=1) + "\n")


def differences(expected: Mapping[str, Contents], found: Mapping[str, Contents]) -> list[str]:
    """A line for each table that is not as expected."""
    lines = []
    for table in sorted(expected.keys() | found.keys()):
        wanted, there = expected.get(table), found.get(table)
        if wanted is None or there is None:
            lines.append(f"{table}: {'not expected' if wanted is None else 'missing'}")
        elif wanted.rows != there.rows:
            lines.append(f"{table}: {there.rows} rows, {wanted.rows} expected")
        elif wanted != there:
            lines.append(f"{table}: {there.rows} rows as expected, but other values")
    return lines
