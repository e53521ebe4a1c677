"""``reconciler validate``: are the environments' files right? Looks at the working tree only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.context import OutputOption, begin
from reconciler.cli.errors import Usage
from reconciler.cli.output import Format
from reconciler.model.errors import InvalidInput

_SCHEMAS = Path("schemas")


def validate(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="The folder of the environments.")] = Path("environments"),
    write_schemas: Annotated[
        bool, typer.Option("--write-schemas", help="Also write the JSON Schemas into ./schemas, for editors.")
    ] = False,
    output: OutputOption = Format.TEXT,
) -> None:
    """Check the files of the environments.

    Every problem is listed with its file and line. Only the working folder is read.
    """
    from reconciler.core.declarations import parse_all

    out = begin(ctx, output).out
    written = _write_schemas() if write_schemas else []
    try:
        found = parse_all(dict(_files(path)))
    except InvalidInput as error:
        raise InvalidInput(tuple(f"{path}/{problem}" for problem in error.problems), error.remedy) from None
    versions = {
        name: {component.value: pin.version for component, pin in desired.pointer.components.items()}
        for name, desired in found.items()
    }
    out.document({"path": str(path), "environments": versions, "schemas": written})
    columns = ["environment", *next(iter(versions.values()), {})]
    out.table(columns, [[name, *of.values()] for name, of in versions.items()])
    out.line(f"✓ {path}: {_counted(len(found))} right.", "green")
    if written:
        out.line(f"Wrote {', '.join(written)}.")


def _counted(environments: int) -> str:
    return "1 environment is" if environments == 1 else f"{environments} environments are"


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What the folder declares, by relative path; links are not followed out of it."""
    from reconciler.core.declarations import SIGNERS

    if not folder.is_dir():
        raise Usage(f"{folder} is not a folder.", "Name the folder that holds reconciler.yaml.")
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            file = Path(root, name)
            if (file.suffix == ".yaml" or name == SIGNERS) and not file.is_symlink():
                yield file.relative_to(folder).as_posix(), file.read_bytes()


def _write_schemas() -> list[str]:
    from reconciler.core.declarations import json_schemas

    _SCHEMAS.mkdir(exist_ok=True)
    written = []
    for name, text in json_schemas().items():
        (_SCHEMAS / name).write_text(text, encoding="utf-8")
        written.append(str(_SCHEMAS / name))
    return written
