"""The stage: what scenes act with, how they wait for a check to hold, and how the outcome is kept.

Called by the scenes. Waiting is by polling the outside with a deadline; nothing here decides whether a check
holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from local.aws import client
from local.demo.checks.check import Check, Judgement
from local.demo.checks.folder import Live as Snapshot
from local.demo.checks.folder import look
from local.demo.code_repo import SLOW, CodeRepo, Release
from local.demo.commands import Ended
from local.demo.environment_repo import EnvironmentRepo
from local.demo.live import Live
from local.demo.people import Person
from local.demo.report import Result
from local.demo.screen import Screen
from local.processes import wait_until
from local.stack_info import StackInfo
from local.webhooks import Delivery

X = TypeVar("X")
POLL = 0.2
"""Seconds between two looks at the outside; twice as long as the last one took, if that is more: some run a
command, and what is waited for needs the machine too."""


@dataclass
class Story:
    """Everything a scene has in its hands. `releases`: what was sealed, by the version of dags."""

    info: StackInfo
    outside: Live
    code: CodeRepo
    environment: EnvironmentRepo
    screen: Screen
    start_airflows: Callable[..., None]
    """Start those of these environments, which `dev`'s scenes do without."""
    results: list[Result] = field(default_factory=list)
    releases: dict[str, Release] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)
    """DAG id -> release, as the scene that was last told left it."""
    patience: float = 1.0
    """So many times longer than usual is waited for everything."""

    def judge(self, check: Check[X], expected: X) -> bool:
        """Look once."""
        return self._keep(check, self.look_at(check, expected), 0)

    def until(self, check: Check[X], expected: X, limit: float, since: float | None = None) -> bool:
        """Look until the check holds or `limit` seconds have passed since `since` (monotonic; default now).

        Where things take longer, the limit is `patience` times that.

        What cannot be read is looked at again; in the end it counts as not held.
        """
        begin = time.monotonic() if since is None else since
        with self.screen.waiting(check.name) as show:
            while True:
                looked = time.monotonic()
                judgement = self._try(check, expected)
                seconds = time.monotonic() - begin
                show(seconds)
                if judgement.held or seconds > limit * self.patience:
                    return self._keep(check, judgement, seconds)
                time.sleep(max(POLL, 2 * (time.monotonic() - looked)))

    def expect(self, dags: str, changed: str = "") -> dict[str, str]:
        """DAG id -> release, where one DAG runs version `changed` of dags and all others run `dags`."""
        base = self.releases[dags]
        self.expected = dict.fromkeys(base.dag_ids, base.id)
        return self.move(changed, PROBE) if changed else self.expected

    def move(self, version: str, *dag_ids: str) -> dict[str, str]:
        """DAG id -> release, where these DAGs run a version of dags and all others what they ran before."""
        self.expected = self.expected | dict.fromkeys(dag_ids, self.releases[version].id)
        return self.expected

    def live(self) -> Snapshot:
        """All that is live now."""
        return look(self.outside)

    def last_event(self) -> int:
        """The number of the newest event; 0 if there is none."""
        return max((event.sequence for event in self.outside.events()), default=0)

    def publish(self, version: str, *components: str) -> Release:
        """Build, publish and seal; shows the commands."""
        names = "".join(f" {name}" for name in components)
        self.screen.command(f"reconciler {' '.join(self.code.build(version, *components))}")
        self.screen.command(f"reconciler publish{names} --version {version}")
        with self.screen.waiting("parsing it with Airflow"):
            return self.code.publish(version, *components)

    def push(self, message: str, *options: str) -> float:
        """Push what was committed; returns the moment before (monotonic)."""
        self.screen.command(" ".join(["git push", *options, f"  # {message}"]))
        begin = time.monotonic()
        self.environment.push(*options)
        return begin

    def lose(self, message: str) -> tuple[float, Delivery]:
        """Push while the Git server loses its webhooks; the moment before, and the webhook that was lost."""
        hooks = self.info.webhooks
        hooks.pause()
        try:
            begin = self.push(message)
            return begin, self.webhook_of(self.environment.head)
        finally:
            hooks.resume()

    def webhook_of(self, commit: str) -> Delivery:
        """The webhook of a push, once the Git server has recorded it."""
        hooks = self.info.webhooks
        wait_until(lambda: any(one.after == commit for one in hooks.recorded()), 10, f"webhook of {commit}")
        return next(one for one in hooks.recorded() if one.after == commit)

    def quiet(self) -> None:
        """Wait until no message waits in the queue or is worked on: what had to happen has happened."""
        sqs, names = client("sqs", self.info.aws_endpoint), ("", "NotVisible", "Delayed")
        wanted = [f"ApproximateNumberOfMessages{name}" for name in names]

        def empty() -> bool:
            found = sqs.get_queue_attributes(QueueUrl=self.info.queue_url, AttributeNames=wanted)
            return all(int(count) == 0 for count in found["Attributes"].values())

        with self.screen.waiting("the queue to be empty"):
            wait_until(empty, 180, "the queue is empty")

    def run(self, dag_id: str, run_id: str) -> float:
        """Start a run by Airflow's API, as a person may; returns the moment before (monotonic)."""
        begin = time.monotonic()
        self.outside.airflow.unpause(dag_id)
        self.outside.airflow.trigger(dag_id, run_id)
        return begin

    def run_slowly(self, run_id: str, seconds: int = 900) -> None:
        """Start a run of SLOW that takes so long, if it is not `enough` before.

        Returns when its first task is at work.
        """
        airflow = self.outside.airflow
        self.screen.command(f"airflow dags trigger {SLOW} --conf '{{\"seconds\": {seconds}}}'")
        airflow.trigger(SLOW, run_id, {"seconds": seconds})
        with self.screen.waiting(f"{run_id} to be in flight"):
            wait_until(
                lambda: airflow.task_state(SLOW, run_id, SLOW_TASKS[0]) in AT_WORK, 60, f"{run_id} runs"
            )

    def enough(self, run_id: str) -> None:
        """Let a run of SLOW come to its end, however long it was to take."""
        self.screen.command(f"airflow variables set {ENOUGH} {run_id}")
        self.outside.airflow.set_variable(ENOUGH, run_id)

    def person(self, name: str) -> Person:
        """Somebody with a key of their own, who is new when first asked for."""
        if name not in self.people:
            self.people[name] = Person.join(name, self.environment.folder.parent / "keys")
        return self.people[name]

    def run_as(self, who: Person, *arguments: str) -> Ended:
        """Somebody runs `reconciler`; how it ended."""
        shown = " ".join(f'"{word}"' if " " in word else word for word in arguments if word != "--yes")
        self.screen.command(f"reconciler {shown}  # {who.name}")
        return self.outside.cli.run(*arguments, by=who)

    def look_at(self, check: Check[X], expected: X) -> Judgement:
        """Judge the outside as it is now."""
        return check.judge(self.outside, expected)

    def _try(self, check: Check[X], expected: X) -> Judgement:
        try:
            return self.look_at(check, expected)
        except Exception as error:  # whatever the outside answers: it is looked at again until the deadline
            return Judgement(False, why=f"{type(error).__name__}: {error}")

    def _keep(self, check: Check[X], judgement: Judgement, seconds: float) -> bool:
        measured = seconds if check.unit == "s" else judgement.measured
        result = Result(check.name, judgement.held, measured, check.unit, judgement.why)
        self.results.append(result)
        self.screen.result(result)
        return judgement.held


PROBE = "release_probe"
"""The DAG that the story changes: it reports the version of the code that it runs."""

ENOUGH = "slow_report_enough"
"""The Variable that ends a run of SLOW."""

AT_WORK = ("running", "success")
SLOW_TASKS = ("collect", "summarise")
"""The tasks of SLOW, whose runs take as long as one likes: each reports the code that it runs."""
