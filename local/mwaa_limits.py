"""MWAA's limits on `InvokeRestApi`, as values and pure checks. Used by `local.mwaa_front`.

Sources: the service model in botocore (`mwaa/2020-07-01`) for the path's length and the methods; the user
guide's "Considerations" for 10 s and 6 MB; Airflow's `[api] maximum_page_limit` for 100 rows. The call rate
is what users report (apache/airflow#47035), not documented.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PATH_CHARACTERS = 64
METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE")
PAGE_ROWS = 100
SECONDS = 10
BYTES = 6 * 1024 * 1024
CALLS_PER_SECOND = 10


@dataclass(frozen=True)
class Refusal:
    """An error as MWAA words it: the exception's name in boto3, and why."""

    kind: str
    message: str


def refuse(request: dict[str, Any], size: int) -> Refusal | None:
    """Why MWAA would refuse this call (`size`: the request's bytes), or None."""
    path, method = str(request.get("Path", "")), request.get("Method")
    if not 1 <= len(path) <= PATH_CHARACTERS:
        return Refusal("ValidationException", f"Path has {len(path)} characters; at most {PATH_CHARACTERS}")
    if not path.startswith("/") or path.startswith("/api/"):
        return Refusal("ValidationException", f"Path {path!r} must begin with / and leave out /api/v2")
    if method not in METHODS:
        return Refusal("ValidationException", f"Method {method!r} is not one of {', '.join(METHODS)}")
    if size > BYTES:
        return Refusal("ValidationException", f"the request has {size} bytes; at most {BYTES}")
    return None


def within_a_page(request: dict[str, Any]) -> dict[str, Any]:
    """The call with its page size cut to what is allowed, silently, as Airflow does."""
    cut = dict(request)
    for part, key in (("QueryParameters", "limit"), ("Body", "page_limit")):
        fields = cut.get(part)
        if isinstance(fields, dict) and int(fields.get(key) or 0) > PAGE_ROWS:
            cut[part] = {**fields, key: PAGE_ROWS}
    return cut


class Throttle:
    """A bucket of calls that refills; thread-safe. `clock` gives seconds."""

    def __init__(self, rate: float = CALLS_PER_SECOND, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._left, self._at = rate, clock()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take one call; False when there is none left now."""
        with self._lock:
            now = self._clock()
            self._left = min(self._rate, self._left + (now - self._at) * self._rate)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True
