"""Sets the stage of the second story: one environment, an identity that reverts, a loop that is quick.

What AWS does each minute is done every few seconds here, by these values alone: nothing in the reconciler
knows of it. The alarm's period is the template's, but shorter, so that it is OK again soon.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from local import playground
from local.dag_generator import generate
from local.demo import stage
from local.demo.code_repo import SLOW, CodeRepo, commit_all
from local.demo.environment_repo import ENVIRONMENT, SIGNERS, EnvironmentRepo
from local.demo.health import orders, record
from local.demo.health.pace import each
from local.demo.screen import Screen
from local.demo.story import PROBE, Story
from local.options import ENVIRONMENTS, ROOT, MwaaEnvironment, StackOptions, Sync

S = TypeVar("S", bound=Story)
REVERTER = "reverter@finedge.example"
CONFIG = "environments/reconciler.yaml"
BAKE_MINUTES, LOOK_SECONDS, ALARM_SECONDS = 0.4, 4, 10
"""On AWS the shortest are a minute for a look, and one for the alarm."""

GENERATED = 5
FILES = (
    *(f"dags/{dag}.py" for dag in ("heartbeat", PROBE, SLOW)),
    "dags/lib/**/*.py",
    "dbt/*.yml",
    "dbt/macros/**/*.sql",
    "dbt/models/films/**/*.*",
    "dbt/tests/generic/*.sql",
)
HEALTH = f"""
health:
  bake:
    minutes: {BAKE_MINUTES}
  revert:
    # The story takes back more in a minute than anybody should in a day.
    atMost: 10
    periodMinutes: 1
"""


MWAA_PARSES_EACH = 30
"""Seconds. New files are looked for as often where `dag_processor.refresh_interval` is declared so."""

PATIENCE_LIKE_MWAA = 10.0
"""What is to take less than a minute on this machine is to take less than ten minutes there."""


@contextmanager
def set_up(folder: Path, screen: Screen, kind: type[S], *, data: bool = False) -> Iterator[S]:
    """As the first story's, with what this one needs. Raises LocalError with a remedy.

    `data`: with a warehouse and a pipeline that writes to it; Airflow needs longer to start then.
    """
    _write_code(folder)
    options = replace(_options(), adapt=_adapt, template=_template(folder / "template.yaml"))
    if data:
        (folder / "code" / orders.FILE).write_text(orders.TEXT)
        commit_all(folder / "code", "Load orders")
        options = replace(options, providers=True, warehouse=True, airflow_env=record.AIRFLOW_ENV)
    with (
        stage.told(folder, options, screen, kind) as story,
        each(LOOK_SECONDS, story.info, "CheckHealth"),
    ):
        _begin(story)
        if data:
            record.name(story)
        yield story


@contextmanager
def set_up_with_data(folder: Path, screen: Screen, kind: type[S]) -> Iterator[S]:
    """The same with a warehouse, and a pipeline that loads orders."""
    with set_up(folder, screen, kind, data=True) as story:
        yield story


@contextmanager
def set_up_like_mwaa(folder: Path, screen: Screen, kind: type[S]) -> Iterator[S]:
    """The same in MWAA's time: containers that copy each 30 s and a DAG processor that parses each 30 s;
    schedules and alarms as they are deployed.
    """
    _write_code(folder)
    options = replace(
        _options(),
        adapt=_adapt_nothing_else,
        sync=Sync.like_mwaa(),
        refresh_interval=MWAA_PARSES_EACH,
        parse_interval=MWAA_PARSES_EACH,
    )
    with stage.told(folder, options, screen, kind) as story:
        story.patience = PATIENCE_LIKE_MWAA
        _begin(story)
        yield story


def _write_code(folder: Path) -> None:
    stage.clear(folder)
    generate(folder / "code" / "dags", GENERATED)
    CodeRepo.create(folder / "code", FILES)


def _options() -> StackOptions:
    return StackOptions(
        environments={"dev": MwaaEnvironment.of("dev")},
        seed=ENVIRONMENTS,
        seed_below="environments",
        postgres=False,
        refresh_interval=stage.REFRESH_INTERVAL,
        parse_interval=stage.PARSE_INTERVAL,
    )


def _adapt(tree: Path) -> None:
    playground.fit(tree, stage.PARSE_SECONDS)
    EnvironmentRepo(tree).append(ENVIRONMENT, HEALTH)


def _adapt_nothing_else(tree: Path) -> None:
    """The pace of the environment is the one that the checkout declares."""
    playground.begin(tree)
    EnvironmentRepo(tree).append(ENVIRONMENT, HEALTH)


def _template(copy: Path) -> Path:
    """The project's own, with a shorter period of the alarm that takes releases back."""
    period = re.compile(r"(MetricName: HealthFailed\n(?: .*\n)*? +Period: )60\n")
    text, count = period.subn(rf"\g<1>{ALARM_SECONDS}\n", (ROOT / "template.yaml").read_text())
    if count != 1:
        raise ValueError(f"template.yaml has {count} alarms on HealthFailed with a period of 60 s, not one")
    copy.write_text(text)
    return copy


def _begin(story: Story) -> None:
    """A person names the identity that reverts, and its key."""
    public = Path(story.info.home) / "reverter" / "key.pub"
    kind, key, *_ = public.read_text().split()
    story.environment.append(CONFIG, f"\nreverter: {REVERTER}\n")
    story.environment.append(SIGNERS, f"{REVERTER} {kind} {key}\n")
    story.environment.commit("Let alarms take releases back")
    story.push("Let alarms take releases back")
