"""Where everything of a running stack is: a frozen value, `stack.json` for programs, `env.sh` for shells."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from local.webhooks import Webhooks


@dataclass(frozen=True)
class AirflowInfo:
    """One environment's Airflow. `url` of the UI (REST API below /api/v2; token: GET /auth/token).

    `dags` is what the dag-processor reads, `worker_dags` what tasks run from: copies of `bucket`'s `dags/`.
    """

    url: str
    mwaa: str
    bucket: str
    dags: str
    worker_dags: str
    home: str


@dataclass(frozen=True)
class StackInfo:
    """A running stack. URLs have no trailing slash; empty where a part was left out.

    `env` is what the command line and boto3 read: the deployed configuration and dummy credentials.
    `postgres_url` names the database `postgres` as superuser; make databases of your own.
    `warehouse`: arguments of `snowflake.connector.connect`, but for the database; any password is right.
    `processes`: name -> pid of its leash.
    """

    home: str
    git_url: str
    git_repo: str
    airflow_url: str
    airflow_python: str
    airflows: Mapping[str, AirflowInfo]
    aws_endpoint: str
    mwaa_endpoint: str
    table: str
    queue_url: str
    dead_letter_queue_url: str
    bus: str
    artifact_bucket: str
    webhook_url: str
    webhook_secret: str
    postgres_url: str
    warehouse: Mapping[str, str | int]
    logs: str
    functions: Mapping[str, str]
    env: Mapping[str, str]
    processes: Mapping[str, int]

    @property
    def webhooks(self) -> Webhooks:
        """The Git server's webhooks: pause, resume, recorded, redeliver."""
        return Webhooks(Path(self.home) / "webhooks")

    @property
    def reverter_key(self) -> Path:
        """The private SSH key of the identity that reverts; `.pub` beside it is for `allowed_signers`."""
        return Path(self.home) / "reverter" / "key"

    def set_mwaa_status(self, environment: str, status: str) -> None:
        """Make `GetEnvironment` answer another status (`UPDATING`, ...); `AVAILABLE` to begin with."""
        (Path(self.home) / "mwaa" / f"{self.airflows[environment].mwaa}.status").write_text(status)

    def write(self) -> None:
        """Write `stack.json` and `env.sh` into the home."""
        home = Path(self.home)
        lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(self.env.items())]
        # `reconciler` is where the interpreter of whoever started the stack is.
        programs = shlex.quote(str(Path(sys.executable).parent))
        # A profile or session of the user's own AWS would be asked for first.
        lines.append("unset AWS_PROFILE AWS_SESSION_TOKEN AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE")
        (home / "env.sh").write_text("\n".join([*lines, f"export PATH={programs}:$PATH"]) + "\n")
        part = home / ".stack.json"
        part.write_text(json.dumps(asdict(self), indent=2) + "\n")
        part.rename(home / "stack.json")

    @staticmethod
    def read(home: Path) -> StackInfo:
        """The stack that was last started in a home. Raises FileNotFoundError if there is none."""
        found = json.loads((home / "stack.json").read_text())
        found["airflows"] = {name: AirflowInfo(**item) for name, item in found["airflows"].items()}
        return StackInfo(**found)
