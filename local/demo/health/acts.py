"""What people do in several scenes: deploy a version, let it run, wait until all is quiet, lift a hold."""

from __future__ import annotations

from local.demo.checks.airflow import Run
from local.demo.checks.alarms import OK
from local.demo.story import PROBE, Story
from local.processes import wait_until

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
    story.code.edit(FILE, f'VERSION = "{old}"', f'VERSION = "{new}"', f"Report {new}")
    if broken:
        story.code.edit(FILE, WELL, BROKEN, "Say in which region it ran")
    story.releases[new] = story.publish(new, "dags")


def back_to(story: Story, old: str, new: str) -> None:
    """The code as it was before a broken version."""
    story.code.edit(FILE, BROKEN, WELL, "Do not say in which region it ran")
    story.code.edit(FILE, f'VERSION = "{new}"', f'VERSION = "{old}"', f"Report {old} again")


def run(story: Story, *names: str) -> tuple[Run, ...]:
    """Start runs of PROBE, one after the other."""
    for name in names:
        story.screen.command(f"airflow dags trigger {PROBE} --run-id {name}")
        story.run(PROBE, name)
    return tuple(Run(PROBE, name) for name in names)


def calm(story: Story) -> None:
    """Wait until the alarm is OK: one that rings already blames nobody."""
    with story.screen.waiting(f"{ALARM} to be OK"):
        wait_until(lambda: story.outside.alarm(ALARM) == OK, 90, f"{ALARM} is OK")


def lift(story: Story) -> None:
    """A person on call lifts the hold that came with a revert; the quarantine stays."""
    story.run_as(story.person("Dan"), "release", "dev", "--reason", "The cause is known").expect()
    story.environment.pull()
