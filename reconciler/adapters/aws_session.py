"""How boto3 clients are made: bounded timeouts, bounded retries, a deadline for all calls of a tick.

Called by ``bootstrap`` and nobody else. Endpoints and credentials are boto3's own business
(``AWS_ENDPOINT_URL`` and so on).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from reconciler.adapters.deadline import NEVER, Deadline
from reconciler.model.errors import Transient

if TYPE_CHECKING:
    from botocore.config import Config

CONNECT_SECONDS = 3


@dataclass(frozen=True)
class Bounds:
    """Seconds of reading per attempt, attempts, and whether the calls serve ``telling`` how it went."""

    read_seconds: float
    attempts: int
    telling: bool = True

    def keep_seconds(self, deadline: Deadline) -> float:
        """No attempt begins with less left: it could not end, or nobody could tell."""
        once = CONNECT_SECONDS + self.read_seconds
        return once if self.telling else max(once, deadline.telling_seconds)

    @property
    def longest(self) -> float:
        """Seconds that one call can take, pauses between attempts included."""
        # botocore's standard mode pauses for up to 1, 2, 4 … s.
        return self.attempts * (CONNECT_SECONDS + self.read_seconds) + (1 << (self.attempts - 1)) - 1


_USUAL = Bounds(5, 3)
_OTHERWISE = {
    # Large bodies; each packet may take so long.
    "s3": Bounds(10, 2, telling=False),
    # MWAA ends a call after 10 s; ``AirflowClient`` asks it again.
    "mwaa": Bounds(12, 1, telling=False),
}


def bounds(service: str) -> Bounds:
    """What holds for a service."""
    return _OTHERWISE.get(service, _USUAL)


def config(service: str) -> Config:
    """Timeouts (seconds) and retries that fit into a tick."""
    from botocore.config import Config

    chosen = bounds(service)
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=chosen.read_seconds,
        retries={"mode": "standard", "total_max_attempts": chosen.attempts},
        max_pool_connections=32,
    )


def client(service: str, session: Any = None, deadline: Deadline = NEVER) -> Any:
    """A client of an AWS service, from ``session`` (a ``boto3.Session``; None: the process's own).

    No attempt begins after ``deadline``. ``Transient`` then, and for an answer that is no JSON where it
    has to be.
    """
    import boto3

    maker: Any = session or boto3.session.Session()
    made: Any = maker.client(service, config=config(service))
    in_time = partial(_in_time, deadline, service)
    made.meta.events.register_first("before-send.*", in_time)
    if "json" in made.meta.service_model.protocol:
        made.meta.events.register("before-parse.*", partial(_readable, service))
    return made


def _in_time(deadline: Deadline, service: str, **_: object) -> None:
    """botocore asks before each attempt."""
    deadline.check(f"AWS ({service})", bounds(service).keep_seconds(deadline))


def _readable(service: str, response_dict: dict[str, Any], **_: object) -> None:
    """botocore takes an answer that is no JSON for an empty one: an environment would look never seen."""
    body = response_dict["body"]
    if response_dict["status_code"] >= 300 or not isinstance(body, bytes) or not body:
        return
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Transient(f"AWS ({service}) gave an answer that cannot be read.")
