"""Values as YAML that our own reader reads as the same values."""

from __future__ import annotations

import re

import yaml

from reconciler.core.yaml_nodes import plain


class _Dumper(yaml.SafeDumper):
    """Quotes what our reader would take for something else, as ``0123456789012389``: an id of a release.

    And what YAML 1.2 takes for a number, as ``12345e7``, for the sake of people's editors.
    """


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+"), list("-+0123456789")
)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "'" if plain(text) != text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dumped(value: object) -> str:
    """The value as YAML, a line for each key or item; text as it is, in any language."""
    said = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return str(said)
