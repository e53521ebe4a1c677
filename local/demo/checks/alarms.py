"""What CloudWatch says of an alarm."""

from __future__ import annotations

from dataclasses import dataclass

from local.demo.checks.check import Judgement
from local.demo.outside import Outside

OK, ALARM = "OK", "ALARM"


@dataclass(frozen=True)
class Says:
    """An alarm, and what it has to say."""

    name: str
    value: str


def says(outside: Outside, expected: Says) -> Judgement:
    """It says so now."""
    found = outside.alarm(expected.name)
    held = found == expected.value
    return Judgement(held, int(held), f"{expected.name} says {found or 'nothing: there is none'}")
