"""What makes a stack good to play with: films databases, Airflow's connections, a pace for this machine.

Called by `make up` and by the demo, so that both begin with the same. Never touches the checkout's own files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import indent

from local.demo import films
from local.demo.environment_repo import EnvironmentRepo, environment_of
from local.environments import Say, dbt_executable
from local.errors import LocalError
from local.options import ENVIRONMENTS, MwaaEnvironment, StackOptions, Sync
from local.stack_info import StackInfo

# A local container has a file after a second; MWAA's after 30. To parse all pipelines takes up to a minute.
SYNC_SECONDS, PARSE_SECONDS, CLOCK_MARGIN_SECONDS = 2, 240, 0.5
REFRESH_INTERVAL, PARSE_INTERVAL = 5, 60
"""What changed is parsed at once all the same; to parse all each few seconds would take all processors."""
COMMANDS = """\
source {home}/env.sh         # this shell talks to this stack, not to your AWS
reconciler build --version 1.0.0
reconciler publish --version 1.0.0
git clone -q $RECONCILER_REPO_URL {home}/environments
sed -i.bak 's/version: 0.0.0/version: 1.0.0/' {home}/environments/environments/dev/pointer.yaml
rm {home}/environments/environments/dev/pointer.yaml.bak
git -C {home}/environments commit -qam "Deploy 1.0.0 to dev"
git -C {home}/environments push -q
reconciler wait dev
reconciler status dev --dags
reconciler events dev
"""
"""The first deployment, typed in the checkout. The README has the same."""


def options(say: Say, environments: Sequence[str] = ("dev",), sync: Sync | None = None) -> StackOptions:
    """A stack with all of it. Installs dbt where it is missing; raises LocalError."""
    unknown = sorted(set(environments) - set(declared(ENVIRONMENTS)))
    if unknown or not environments:
        raise LocalError(
            f"no environment {', '.join(unknown) or 'is named'}",
            f"name some of {', '.join(declared(ENVIRONMENTS))}, with commas in between",
        )
    return StackOptions(
        environments={name: MwaaEnvironment.of(name) for name in environments},
        seed=ENVIRONMENTS,
        seed_below="environments",
        adapt=fit if sync is None else begin,
        providers=True,
        airflow_env=films.airflow_env(dbt_executable(say)),
        sync=sync or Sync(),
        refresh_interval=REFRESH_INTERVAL,
        parse_interval=PARSE_INTERVAL,
        prepare=films.seed,
    )


def what_to_try(info: StackInfo) -> str:
    """Commands that work when they are pasted one after the other."""
    checkout, home = ENVIRONMENTS.parent, Path(info.home)
    near = home.relative_to(checkout) if home.is_relative_to(checkout) else home
    commands = indent(COMMANDS.format(home=near), "  ")
    airflow = f"Watch it in Airflow: {info.airflow_url}  (no password)"
    return f"\nTo try it, paste this into a shell in {checkout}:\n\n{commands}\n{airflow}\n"


def fit(tree: Path, parse_seconds: int = PARSE_SECONDS) -> None:
    """The only difference to the checkout's own environments: this machine copies DAGs faster than MWAA."""
    repo = EnvironmentRepo(tree)
    for name in declared(tree / ENVIRONMENTS.name):
        file = environment_of(name)
        repo.replace(file, r"(\n  syncSeconds: )\S+", rf"\g<1>{SYNC_SECONDS}")
        repo.replace(file, r"(\n  parseSeconds: )\S+", rf"\g<1>{parse_seconds}")
        repo.replace(file, r"(\n  clockMarginSeconds: )\S+", rf"\g<1>{CLOCK_MARGIN_SECONDS}")
    begin(tree)


def begin(tree: Path) -> None:
    """Name versions that nobody published: the first deployment is for whoever plays."""
    for name in declared(tree / ENVIRONMENTS.name):
        for component in ("dags", "libs", "dbt"):
            EnvironmentRepo(tree).bump(component, "0.0.0", name)


def declared(environments: Path) -> list[str]:
    """The environments that have a folder there."""
    return sorted(file.parent.name for file in environments.glob("*/environment.yaml"))
