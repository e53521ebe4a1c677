"""The stage of a race: a whole stack with short ticks, and containers that copy at different moments."""

from __future__ import annotations

import re
import shutil
import urllib.request
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local.aws import client
from local.demo.commands import CommandLine
from local.demo.environment_repo import ENVIRONMENT, EnvironmentRepo
from local.options import ENVIRONMENTS, ROOT, StackOptions, Sync
from local.stack import Stack
from local.stack_info import StackInfo
from local.template import PROXY
from reconciler.adapters.dynamodb_state import DynamoStateStore
from reconciler.adapters.system_clock import SystemClock
from reconciler.model.event import Event
from reconciler.model.state import EnvironmentState
from tests.race_real.airflow import RaceAirflow
from tests.race_real.code_repo import SECONDS, CodeRepo
from tests.race_real.plan import Version

CODE = Path(__file__).parent / "code"
DEV = "dev"
LEASE_SECONDS = 40
"""So long a killed tick holds up the others."""

SYNC = Sync(interval=2.0, skew=1.0)
SYNC_SECONDS = 3
"""What is promised of the copies: their interval, and time to spare on a busy machine."""

MARGIN_SECONDS = 0.5
ROLLBACK_SECONDS = 6
PARSE_SECONDS = 240


@dataclass
class Stage:
    """A running stack and what people hold in their hands.

    `records` is what tasks append to, `versions` all that were ever drawn, by name.
    """

    stack: Stack
    records: Path
    code: CodeRepo
    environment: EnvironmentRepo
    versions: dict[str, Version] = field(default_factory=dict)

    @property
    def info(self) -> StackInfo:
        """Where everything is."""
        return self.stack.info

    @cached_property
    def airflow(self) -> RaceAirflow:
        """The stack's Airflow."""
        return RaceAirflow(self.info.airflows[DEV].url)

    def aws(self, service: str) -> Any:
        """A client of the emulator, for one thread."""
        return client(service, self.info.aws_endpoint)

    def state(self) -> EnvironmentState:
        """What the reconciler remembers."""
        return self._store().load(DEV)

    def events(self) -> list[Event]:
        """All that people were told."""
        return list(self._store().events(DEV, 0, 100_000))

    def point_to(self, version: Version, message: str) -> str:
        """Commit a bump to a version; the commit."""
        for component in ("dags", "libs"):
            self.environment.bump(component, version.name)
        return self.environment.commit(message)

    def set_variable(self, name: str, value: str) -> None:
        """Give `reconcile` a variable, as an update of the stack does; empty: take it away."""
        functions, function = self.aws("lambda"), self.info.functions["Reconcile"]
        known = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        wanted = {key: text for key, text in {**known, name: value}.items() if text}
        functions.update_function_configuration(FunctionName=function, Environment={"Variables": wanted})
        # The host of the functions knows the old ones until it is told to forget them.
        host = urlsplit(known[PROXY])
        request = urllib.request.Request(f"{host.scheme}://{host.netloc}/forget", b"", method="POST")
        with urllib.request.urlopen(request, timeout=30):
            return

    def _store(self) -> DynamoStateStore:
        return DynamoStateStore(self.aws("dynamodb"), self.info.table, SystemClock())


def set_up(folder: Path) -> Stage:
    """Start it in an empty folder. Whoever calls ends it: `stage.stack.down()`."""
    records = folder / "records.jsonl"
    records.touch()
    options = StackOptions(
        seed=ENVIRONMENTS,
        seed_below="environments",
        adapt=_adapt,
        airflow_env={"RACE_RECORDS": str(records)},
        sync=SYNC,
        postgres=False,
        lease_seconds=LEASE_SECONDS,
        template=_template(folder / "template.yaml"),
        code=_code(folder / "functions"),
    )
    stack = Stack.up(folder / "home", options)
    try:
        cli = CommandLine(stack.info, folder / "code", SECONDS)
        code = CodeRepo.create(folder / "code", cli)
        environment = EnvironmentRepo.clone(stack.info.git_url, folder / "environments")
    except BaseException:
        stack.down()
        raise
    return Stage(stack, records, code, environment)


def _code(folder: Path) -> Path:
    """The project's handlers with the race's beside them."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "handlers", folder / "handlers", ignore=ignored)
    shutil.copy(CODE / "handlers" / "raced.py", folder / "handlers")
    # A copy: whoever edits the project meanwhile does not change what runs.
    shutil.copytree(ROOT / "reconciler", folder / "reconciler", ignore=ignored)
    return folder


def _template(file: Path) -> Path:
    """The project's template, in which another handler stands for the project's own."""
    text, own = (ROOT / "template.yaml").read_text(), "[handlers.reconcile.handler]"
    assert text.count(own) == 1, f"the template has {text.count(own)} times {own!r}"
    file.write_text(text.replace(own, "[handlers.raced.handler]"))
    return file


def _adapt(tree: Path) -> None:
    """Leave dev alone, at this machine's pace; nothing of it is published yet but dbt will be 1.0.0."""
    for other in ("staging", "prod"):
        shutil.rmtree(tree / "environments" / other)
    shared = tree / "environments" / "reconciler.yaml"
    shared.write_text(re.sub(r"\n  - (staging|prod)\b", "", shared.read_text()))
    repo = EnvironmentRepo(tree)
    for name, value in (
        ("syncSeconds", SYNC_SECONDS),
        ("parseSeconds", PARSE_SECONDS),
        ("clockMarginSeconds", MARGIN_SECONDS),
        ("rollbackDrainSeconds", ROLLBACK_SECONDS),
    ):
        repo.replace(ENVIRONMENT, rf"(\n  {name}: )\S+", rf"\g<1>{value}")
    for component in ("dags", "libs"):
        repo.bump(component, "0.0.0")
