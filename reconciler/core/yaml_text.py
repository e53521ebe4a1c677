"""Values as YAML that our own reader reads as the same values."""

from __future__ import annotations

import re

import yaml


class _Dumper(yaml.SafeDumper):
    """Knows that ``12345e7`` is a number, as YAML 1.2 and our reader say: some ids of releases look so."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+"), list("-+0123456789")
)


def dumped(value: object) -> str:
    """The value as YAML, a line for each key or item; text as it is, in any language."""
    said = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return str(said)
