"""Identifiers and types that may stand in a statement: values are bound, these cannot be.

A name is upper-case, so that quoted and unquoted mean the same table to everyone who reads it.
"""

from __future__ import annotations

import re

PASSING = ("__STG_", "__DBT_TMP")
"""In the names, in upper case, of tables that a load, or a build of marts, is just working with."""

_NAME = re.compile(r"[A-Z_][A-Z0-9_$]{0,254}")
_TYPE = re.compile(r"[A-Z][A-Z_]*(\([0-9]{1,5}(, ?[0-9]{1,5})?\))?")


def quoted(*parts: str) -> str:
    """A name in double quotes, qualified by those before it. Raises ValueError for what is no plain name."""
    for part in parts:
        if not _NAME.fullmatch(part):
            raise ValueError(f"not a name for the warehouse: {part!r} (upper-case letters, digits, _)")
    return ".".join(f'"{part}"' for part in parts)


def column_type(text: str) -> str:
    """The text, if it is a type such as NUMBER(38, 2). Raises ValueError otherwise."""
    if not _TYPE.fullmatch(text):
        raise ValueError(f"not a column type: {text!r}")
    return text
