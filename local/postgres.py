"""Runs PostgreSQL from the `pgserver` wheel, in the foreground and on a leash, on loopback.

Called by the stack. The wheel's own launcher is not used: it leaves the server in the background, where a
killed supervisor would not take it along. PostgreSQL refuses to run as root; then it runs as `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

from local.errors import LocalError
from local.processes import Command, Process, start, wait_for

SUPERUSER = "postgres"
UNPRIVILEGED = "nobody"
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Postgres:
    """A running server. `url` names the database `postgres`; connections are trusted."""

    port: int
    process: Process

    @property
    def url(self) -> str:
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/postgres"


def as_airflow_has_it(url: str) -> SimpleNamespace:
    """A database's URL with the attributes of an Airflow connection, for code that takes one."""
    parts = urlsplit(url)
    return SimpleNamespace(
        host=parts.hostname,
        port=parts.port,
        login=parts.username,
        password=parts.password,
        schema=parts.path.removeprefix("/"),
        extra_dejson={},
    )


@dataclass(frozen=True)
class Place:
    """Where the server's programs and data are, and as whom it runs. `scratch`: to be deleted."""

    binaries: Path
    data: Path
    user: str | None = None
    scratch: Path | None = None


def start_postgres(home: Path, port: int, seconds: float = 30) -> Postgres:
    """Make a new data folder and start; returns when connections are accepted."""
    log = home / "logs" / "postgres.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    place = _for_nobody(_binaries()) if os.geteuid() == 0 else Place(_binaries(), home / "postgres")
    place.data.mkdir(parents=True, exist_ok=True)
    command = Command(
        ("/bin/sh", "-c", f"{_initialise(place)} && exec {_serve(place, port)}"),
        ENVIRONMENT,
        cwd=place.data,
        user=place.user,
        end_with=signal.SIGINT,  # "fast": does not wait for clients to leave
        scratch=place.scratch,
    )
    process = start("postgres", command, log)
    try:
        wait_for(process, lambda: _accepts(place.binaries, port), seconds)
    except BaseException:
        process.stop()
        raise
    return Postgres(port, process)


def _for_nobody(binaries: Path) -> Place:
    """A folder outside the stack's home: `nobody` may be unable to pass through the folders above that."""
    scratch = Path(tempfile.mkdtemp(prefix="local-postgres-"))
    scratch.chmod(0o755)
    data = scratch / "data"
    data.mkdir()
    account = pwd.getpwnam(UNPRIVILEGED)
    os.chown(data, account.pw_uid, account.pw_gid)
    if not all(folder.stat().st_mode & stat.S_IXOTH for folder in (binaries, *binaries.parents)):
        shutil.copytree(binaries.parent, scratch / "programs", symlinks=True)
        binaries = scratch / "programs" / binaries.name
    return Place(binaries, data, UNPRIVILEGED, scratch)


def _initialise(place: Place) -> str:
    """Makes the data folder. On the leash too: interrupted, it must leave nothing behind."""
    options = ["--auth=trust", "--encoding=utf8", "--locale=C.UTF-8", "--no-sync", f"--username={SUPERUSER}"]
    return shlex.join([str(place.binaries / "initdb"), *options, "-D", str(place.data)])


def _serve(place: Place, port: int) -> str:
    # Throw-away data: speed over durability. No socket: its path could be too long.
    wanted = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    settings = [word for key, value in wanted.items() for word in ("-c", f"{key}={value}")]
    return shlex.join([str(place.binaries / "postgres"), "-D", str(place.data), *settings])


def _binaries() -> Path:
    found = importlib.util.find_spec("pgserver")
    if found is None or not found.submodule_search_locations:
        raise LocalError("pgserver is not installed", "run `make setup`")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _accepts(binaries: Path, port: int) -> bool:
    command = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(command, env=ENVIRONMENT, check=False).returncode == 0
