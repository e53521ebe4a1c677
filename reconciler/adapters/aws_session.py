"""How boto3 clients are made: bounded timeouts, bounded retries. Called by ``bootstrap`` and nobody else.

Endpoints and credentials are boto3's own business (``AWS_ENDPOINT_URL`` and so on).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.config import Config

CONNECT_SECONDS = 3
READ_SECONDS = 15
ATTEMPTS = 4

_OTHERWISE = {"mwaa": (12, 1)}
"""By service: seconds of reading, attempts. MWAA ends a call after 10 s; ``AirflowClient`` asks it again."""


def config(service: str) -> Config:
    """Timeouts (seconds) and retries that fit a tick's work budget of 60 s."""
    from botocore.config import Config

    read_seconds, attempts = _OTHERWISE.get(service, (READ_SECONDS, ATTEMPTS))
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=32,
    )


def client(service: str, session: Any = None) -> Any:
    """A client of an AWS service, from ``session`` (a ``boto3.Session``; None: the process's own)."""
    import boto3

    made: Any = session or boto3.session.Session()
    return made.client(service, config=config(service))
