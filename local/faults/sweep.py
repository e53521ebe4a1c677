"""All faults that there are, each planted and caught."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lib.dbt import running

from local.environments import dbt_executable, quality_python
from local.faults import dbt, films, postflight, preflight
from local.faults.caught import Caught, caught
from local.faults.world import CONFIGS, new_world
from local.sources.faults.catalogue import FAULTS
from local.sources.faults.fault import Fault, FileFault, TableFault

NOBODY = "nobody"


def before_merging() -> list[TableFault | FileFault]:
    """Faults that reading or a suite stops before anything is merged."""
    return [one for one in _of_suites() if one.dag_id in CONFIGS]


def after_building() -> list[TableFault | FileFault]:
    """Faults that a suite finds in the marts."""
    return [one for one in _of_suites() if one.dag_id in postflight.MARTS]


def _of_suites() -> list[TableFault | FileFault]:
    return [
        one
        for one in FAULTS.values()
        if isinstance(one, TableFault | FileFault) and one.name not in dbt.NAMES
    ]


def sweep(server: str, login: dict[str, str | int], database: str = "FINEDGE_FAULTS") -> Iterator[Caught]:
    """Plant each fault of the catalogue and catch it; gives what became of it as soon as that is known.

    `server` is the URL of a PostgreSQL server without a database: databases of its own are made there, and
    in the warehouse that `login` reaches. Only within `tools()`.
    """
    return complete(_swept(server, login, database), FAULTS.values())


def _swept(server: str, login: dict[str, str | int], database: str) -> Iterator[Caught]:
    yield from films.catch(server)
    world = new_world(server, login, database)
    preflight.load_before(world)
    yield from preflight.catch(world, before_merging())
    yield from dbt.catch(world)
    postflight.build_clean(world)
    yield from postflight.catch(world, after_building())


def complete(found: Iterable[Caught], faults: Iterable[Fault]) -> Iterator[Caught]:
    """What was found, and then each fault that nobody has looked for."""
    left = {fault.name: fault for fault in faults}
    for one in found:
        left.pop(one.fault, None)
        yield one
    yield from (caught(fault, (), NOBODY) for fault in left.values())


@contextmanager
def tools() -> Iterator[None]:
    """dbt and Great Expectations to call, in interpreters that end with the context."""
    named = {"FINEDGE_QUALITY": str(quality_python()), "FINEDGE_DBT": str(dbt_executable())}
    before, folder = {name: os.environ.get(name) for name in named}, tempfile.tempdir
    log = logging.getLogger(running.__name__)
    level = log.level
    with tempfile.TemporaryDirectory(prefix="faults-tools-") as own:
        # A warm interpreter is found in the folder for temporary files, and ends when that is gone.
        tempfile.tempdir = own
        os.environ |= named
        # What fails was made to fail, and stands in the table.
        log.setLevel(logging.ERROR)
        try:
            yield
        finally:
            tempfile.tempdir = folder
            log.setLevel(level)
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value
