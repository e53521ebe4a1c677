"""The checks of ``reconciler doctor``: each thing that the commands need, tried without changing anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli import check_alarms, interpreters
from reconciler.cli.output import short
from reconciler.model.errors import InvalidInput, ReconcilerError, Terminal, Transient

if TYPE_CHECKING:
    from reconciler.cli.platform import Platform
    from reconciler.model.environment import Environment

_OLDEST_GIT = (2, 34)
_SKEW_SECONDS = 60.0
"""AWS refuses signatures at 5 minutes (S3: 15); a minute is worth knowing before that."""


@dataclass(frozen=True)
class Check:
    """One thing to try: ``look`` says what it found, or raises. ``optional``: only some commands need it."""

    name: str
    look: Callable[[], str]
    optional: bool = False


@dataclass(frozen=True)
class Result:
    """What a check found, or what is wrong and what to do about it."""

    name: str
    found: str = ""
    wrong: str = ""
    remedy: str = ""
    optional: bool = False

    @property
    def sign(self) -> str:
        """✓, ✗ or, where only some commands would fail, ``!``."""
        if not self.wrong:
            return "✓"
        return "!" if self.optional else "✗"

    def to_json(self) -> dict[str, object]:
        """For ``--output json``."""
        return {"ok": not self.wrong, **asdict(self)}

    @property
    def failed(self) -> bool:
        """Does it keep the command line from working?"""
        return self.sign == "✗"


def run(check: Check) -> Result:
    """Try one thing. Whatever goes wrong is a finding."""
    try:
        return Result(check.name, found=check.look())
    except Transient as error:
        wrong, to_do = error.message, "Check the network and the address, and run this again."
    except InvalidInput as error:
        wrong, to_do = "; ".join(error.problems[:3]), error.remedy
    except ReconcilerError as error:
        wrong, to_do = error.message, error.remedy
    except Exception as error:
        wrong, to_do = f"unexpected {type(error).__name__}: {error}", "Report it: this is a bug."
    return Result(check.name, wrong=wrong, remedy=to_do, optional=check.optional)


def general(platform: Platform) -> Iterator[Check]:
    """What does not depend on an environment."""
    yield Check("git", lambda: git_version(platform))
    yield Check("git identity (for rollback)", lambda: str(platform.person()), optional=True)
    yield Check("SSH key (for approve)", platform.signing_key, optional=True)
    yield Check("settings", lambda: f"environments {', '.join(platform.environments())}")


def outside(platform: Platform) -> Iterator[Check]:
    """What the settings point to."""
    yield Check("environment repo", lambda: f"tip {short(platform.repo().tip())}")
    yield Check("table", lambda: _table(platform))
    yield Check("queue", lambda: _queue(platform))
    yield Check("clock", lambda: _clock(platform), optional=True)
    yield Check("artifact store", lambda: _artifacts(platform))


def of_environment(platform: Platform, name: str, python: Path | None) -> Iterator[Check]:
    """What one environment's files point to."""
    from reconciler.core.declarations import parse_desired

    repo = platform.repo()
    try:
        desired = parse_desired(repo.files(repo.tip()), name)
    except ReconcilerError as error:
        yield Check(f"{name}: files", _raiser(error))
        return
    environment = desired.environment
    yield Check(f"{name}: files", lambda: "valid at the tip")
    yield Check(f"{name}: who reverts", lambda: check_alarms.who_reverts(platform, desired), optional=True)
    yield Check(f"{name}: alarms", lambda: check_alarms.alarms(platform, environment), optional=True)
    yield Check(f"{name}: DAG folder", lambda: _folder(platform, environment))
    yield Check(f"{name}: Airflow", lambda: _airflow(platform, environment))
    yield Check(f"{name}: Airflow's intervals", lambda: _intervals(platform, environment), optional=True)
    wanted = environment.airflow.version
    yield Check(
        f"{name}: Python with Airflow {wanted} (for seal)",
        lambda: str(interpreters.find(platform, python, wanted)),
        optional=True,
    )


def git_version(platform: Platform) -> str:
    """``git version 2.39.5``. ``Terminal`` if there is none, or it is too old."""
    said = platform.git_version()
    numbers = re.search(r"(\d+)\.(\d+)", said)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < _OLDEST_GIT:
        oldest = ".".join(map(str, _OLDEST_GIT))
        raise Terminal(f"{said or 'git'} is too old or does not run.", f"Install git {oldest} or newer.")
    return said


def _raiser(error: ReconcilerError) -> Callable[[], str]:
    def look() -> str:
        raise error

    return look


def _table(platform: Platform) -> str:
    newest = {name: platform.store().load(name).sequence for name in platform.environments()}
    return ", ".join(f"{name} at event {sequence}" for name, sequence in newest.items())


def _queue(platform: Platform) -> str:
    seen = platform.look_at_queue()
    return f"{seen.waiting} ticks asked for, {seen.under_way} under way"


def _clock(platform: Platform) -> str:
    theirs = platform.look_at_queue().server_time
    if theirs is None:
        return "AWS does not tell its time here"
    skew = (platform.clock().now() - theirs).total_seconds()
    if abs(skew) > _SKEW_SECONDS:
        raise Terminal(
            f"This clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} AWS's.",
            "Let the system set it (NTP); AWS refuses requests at five minutes.",
        )
    return f"within {max(1.0, abs(skew)):.0f} s of AWS's"


def _artifacts(platform: Platform) -> str:
    from reconciler.model.component import Component

    counts = {component: len(platform.artifacts().versions(component)) for component in Component}
    return "versions: " + ", ".join(f"{count} of {component}" for component, count in counts.items())


def _folder(platform: Platform, environment: Environment) -> str:
    listing = platform.world().target(environment).folder.list()
    spec = environment.airflow.dag_folder
    return f"s3://{spec.bucket}/{spec.prefix} holds {len(listing)} files"


def _airflow(platform: Platform, environment: Environment) -> str:
    airflow = platform.world().target(environment).airflow
    busy, problems = airflow.busy(), airflow.import_errors()
    return (f"it is {busy}; " if busy else "answers; ") + f"{len(problems)} import errors"


_REFRESH, _PROCESS = "dag_processor.refresh_interval", "dag_processor.min_file_process_interval"
_DEFAULTS = {_REFRESH: 300.0, _PROCESS: 30.0}
"""Seconds, of Airflow 3: how often it looks for new files, and how often it parses each."""


def _intervals(platform: Platform, environment: Environment) -> str:
    """What has to fit into ``parseSeconds``. ``Terminal`` if it does not."""
    options = platform.world().target(environment).airflow.options()
    if options is None:
        return f"it does not tell {_REFRESH} and {_PROCESS}; set them to 30"
    known = {name: float(options.get(name, default)) for name, default in _DEFAULTS.items()}
    told = f"new files every {known[_REFRESH]:g} s, each file every {known[_PROCESS]:g} s"
    allowed = environment.airflow.parse_seconds
    if max(known.values()) > allowed:
        raise Terminal(
            f"Airflow looks for {told}; airflow.parseSeconds is {allowed:g}: a DAG would count as failed "
            "before Airflow has looked at it.",
            f"Set {_REFRESH} and {_PROCESS} to 30, or raise parseSeconds in environment.yaml.",
        )
    return told
