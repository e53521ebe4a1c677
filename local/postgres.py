"""Runs PostgreSQL from the `pgserver` wheel, in the foreground and on a leash, on loopback.

Called by the stack. The wheel's own launcher is not used: it leaves the server in the background, where a
killed supervisor would not take it along. PostgreSQL refuses to run as root; then it runs as `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError, ServerDied
from local.processes import Command, Process, start, wait_for

SUPERUSER = "postgres"
UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Postgres:
    """A running server. `url` names the database `postgres`; connections are trusted."""

    port: int
    process: Process

    @property
    def url(self) -> str:
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/postgres"


def start_postgres(home: Path, port: int, seconds: float = 30) -> Postgres:
    """Make the data folder if need be and start; returns when connections are accepted."""
    binaries, data, log = _binaries(), home / "postgres", home / "logs" / "postgres.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    data.mkdir(parents=True, exist_ok=True)
    if user:
        _hand_over(data, binaries, user)
    if not (data / "PG_VERSION").exists():
        _initialise(binaries, data, log, user)
    command = Command(
        (str(binaries / "postgres"), "-D", str(data), *_settings(port)),
        {"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        user=user,
        end_with=signal.SIGINT,  # "fast": does not wait for clients to leave
    )
    process = start("postgres", command, log)
    try:
        wait_for(process, lambda: _accepts(binaries, port), seconds)
    except BaseException:
        process.stop()
        raise
    return Postgres(port, process)


def _settings(port: int) -> list[str]:
    # Throw-away data: speed over durability. No socket: its path could be too long.
    wanted = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    return [word for key, value in wanted.items() for word in ("-c", f"{key}={value}")]


def _binaries() -> Path:
    found = importlib.util.find_spec("pgserver")
    if found is None or not found.submodule_search_locations:
        raise LocalError("pgserver is not installed", "run `make setup`")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _initialise(binaries: Path, data: Path, log: Path, user: str | None) -> None:
    options = ["--auth=trust", "--encoding=utf8", "--locale=C.UTF-8", "--no-sync", f"--username={SUPERUSER}"]
    with log.open("ab") as output:
        done = subprocess.run(
            [str(binaries / "initdb"), *options, "-D", str(data)],
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            cwd=data,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=user,
            extra_groups=[] if user else None,
            check=False,
        )
    if done.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise ServerDied("postgres initdb", log, f"ended with code {done.returncode}")


def _hand_over(data: Path, binaries: Path, user: str) -> None:
    """Give the data to `user` and let it pass through the folders above data and programs."""
    account = pwd.getpwnam(user)
    os.chown(data, account.pw_uid, account.pw_gid)
    for folder in {*data.parents, binaries, *binaries.parents, binaries.parent / "lib"}:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _accepts(binaries: Path, port: int) -> bool:
    command = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(command, env={"PATH": os.defpath}, check=False).returncode == 0
