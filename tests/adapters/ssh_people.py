"""People with real SSH keys, made once for a test session."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from local.demo.people import Person


@cache
def person(name: str) -> Person:
    """Ana is ``ana@example.com``, and has the same key each time."""
    return Person.join(name, Path(mkdtemp(prefix="reconciler-keys-")), "example.com")
