"""What people do in several scenes: deploy a version, let it run, wait until all is quiet, lift a hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from local.demo.checks import airflow
from local.demo.checks.airflow import Run
from local.demo.checks.alarms import ALARM as RINGS
from local.demo.checks.alarms import OK
from local.demo.checks.check import Judgement
from local.demo.health.orders import ORDERS
from local.demo.outside import Outside
from local.demo.story import PROBE, Story
from local.processes import wait_until

X = TypeVar("X")
ALARM = "reconciler-dev"
"""The composite alarm of the environment: `<stack>-<environment>`."""

FILE = f"dags/{PROBE}.py"
WELL, BROKEN = 'print(f"release_probe ran {found}")', "print(f\"release_probe ran in {found['region']}\")"
"""It imports, and parses, and fails as soon as it runs."""


def deploy(story: Story, version: str, *components: str) -> float:
    """Commit versions and push; returns the moment before (monotonic)."""
    for component in components or ("dags",):
        story.environment.bump(component, version)
    message = f"Deploy {' '.join(components or ('dags',))} {version} to dev"
    story.environment.commit(message)
    return story.push(message)


def version_of_the_probe(story: Story, old: str, new: str, *, broken: bool = False) -> None:
    """A version of dags that changes PROBE alone: its number, and perhaps a mistake."""
    number(story, old, new)
    if broken:
        story.code.edit(FILE, WELL, BROKEN, "Say in which region it ran")
    story.releases[new] = story.publish(new, "dags")


def number(story: Story, old: str, new: str) -> None:
    """The version that PROBE reports."""
    story.code.edit(FILE, f'VERSION = "{old}"', f'VERSION = "{new}"', f"Report {new}")


def mend(story: Story, old: str, new: str) -> None:
    """A version without the mistake of the one before."""
    story.code.edit(FILE, BROKEN, WELL, "Do not say in which region it ran")
    version_of_the_probe(story, old, new)


def back_to(story: Story, old: str, new: str) -> None:
    """The code as it was before a broken version."""
    story.code.edit(FILE, BROKEN, WELL, "Do not say in which region it ran")
    number(story, new, old)


def enough(name: str) -> tuple[str, ...]:
    """Names for as many runs of a DAG as have to fail, one after the other, for it to be no chance.

    One that ran well only a few times before, and may soon run again, is given four.
    """
    return tuple(f"{name}-{number}" for number in range(1, 5))


def run(story: Story, *names: str) -> tuple[Run, ...]:
    """Start runs of PROBE, one after the other."""
    for name in names:
        story.screen.command(f"airflow dags trigger {PROBE} --run-id {name}")
        story.run(PROBE, name)
    return tuple(Run(PROBE, name) for name in names)


def load(story: Story, *numbers: int) -> tuple[Run, ...]:
    """Start runs of ORDERS, each of an interval of its own."""
    runs = tuple(Run(ORDERS, f"orders-{number}") for number in numbers)
    story.outside.airflow.unpause(ORDERS)
    for number, one in zip(numbers, runs, strict=True):
        story.screen.command(f"airflow dags trigger {ORDERS} --conf '{{\"number\": {number}}}'")
        story.outside.airflow.trigger(ORDERS, one.run_id, {"number": number})
    return runs


def live(story: Story, expected: Mapping[str, str]) -> None:
    """Wait until Airflow runs these releases."""
    wait_for(story, airflow.runs_releases, expected, 90, "it to be live")


def wait_for(
    story: Story, judge: Callable[[Outside, X], Judgement], expected: X, seconds: float, what: str
) -> None:
    """Wait for what this scene is not about. Raises TimeoutError."""
    with story.screen.waiting(what):
        wait_until(lambda: judge(story.outside, expected).held, seconds * story.patience, what)


def calm(story: Story) -> None:
    """Wait until the alarm is OK: one that rings already blames nobody."""
    with story.screen.waiting(f"{ALARM} to be OK"):
        wait_until(lambda: story.outside.alarm(ALARM) == OK, 90 * story.patience, f"{ALARM} is OK")


def set_alarm(story: Story, value: str) -> None:
    """What an engineer does who tries an alarm: CloudWatch keeps the value until the alarm's rule changes."""
    story.screen.command(f"aws cloudwatch set-alarm-state --alarm-name {ALARM} --state-value {value}")
    story.outside.cloudwatch.set_alarm_state(
        AlarmName=ALARM, StateValue=value, StateReason="A person tries it"
    )


def ring(story: Story) -> None:
    """Let the alarm go off anew."""
    set_alarm(story, OK)
    set_alarm(story, RINGS)


def lift(story: Story) -> None:
    """A person on call lifts the hold that came with a revert; the quarantine stays."""
    story.run_as(story.person("Dan"), "release", "dev", "--reason", "The cause is known").expect()
    story.environment.pull()
