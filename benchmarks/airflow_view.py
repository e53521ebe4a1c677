"""What Airflow says it has parsed, asked over its REST API, on one kept connection.

Not the reconciler's client, so that what is measured does not judge itself.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from local.airflow import fetch_token

PAGE = 100  # Airflow's own limit
CODE, LIB, RELEASE = "code:", "lib:", "release:"
MISSING, MIXED = "missing", "mixed"


@dataclass(frozen=True)
class Seen:
    """A generated DAG as Airflow lists it: the versions in its tags. Empty: no such tag."""

    active: bool
    code: str
    lib: str
    release: str

    def state(self, releases: Mapping[str, str]) -> str:
        """The one version that it is made of, or MISSING, or MIXED.

        `releases`: release id -> version. A DAG that claims another release than its code is MIXED too.
        """
        if not self.active:
            return MISSING
        claimed = {releases.get(self.release, self.release)} if self.release else set()
        versions = {self.code, self.lib, *claimed}
        return self.code if len(versions) == 1 else MIXED


@dataclass
class AirflowView:
    """One Airflow; `url` without /api/v2."""

    url: str
    _token: str = field(default="", repr=False)
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def dags(self, count: int) -> dict[str, Seen]:
        """Every DAG that Airflow knows, stale ones too; `count` are expected at most."""
        found: list[dict[str, object]] = []
        for offset in range(0, max(count, 1), PAGE):
            query = f"limit={PAGE}&offset={offset}&exclude_stale=false&order_by=dag_id"
            found += self._get(f"/api/v2/dags?{query}")["dags"]
        return {str(item["dag_id"]): _seen(item) for item in found}

    def _get(self, path: str) -> dict[str, list[dict[str, object]]]:
        self._token = self._token or fetch_token(self.url)
        if self._connection is None:
            place = urlsplit(self.url)
            self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        try:
            self._connection.request("GET", path, headers={"Authorization": f"Bearer {self._token}"})
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._connection = None
            raise
        if answer.status != 200:
            raise OSError(f"{self.url}{path} answered {answer.status}: {body[:200]!r}")
        document: dict[str, list[dict[str, object]]] = json.loads(body)
        return document


def _seen(item: dict[str, object]) -> Seen:
    tags = item["tags"]
    names = [str(tag["name"]) for tag in tags] if isinstance(tags, list) else []
    return seen(not item["is_stale"], names)


def seen(active: bool, tags: list[str]) -> Seen:
    """A DAG with these tags."""
    return Seen(active, _tag(tags, CODE), _tag(tags, LIB), _tag(tags, RELEASE))


def _tag(names: list[str], prefix: str) -> str:
    return "+".join(sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix)))
