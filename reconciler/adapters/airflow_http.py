"""Airflow's REST API over plain HTTP(S), with a bearer token, for an Airflow that is not MWAA.

Called by ``AirflowClient``. The token comes from a secret, or from Airflow's own ``GET /auth/token``; a
refused one is replaced once. Never follows a redirection: a token could travel with it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import urllib3

from reconciler.adapters.airflow_transport import API, Answer, Request
from reconciler.adapters.deadline import NEVER, Deadline
from reconciler.model.errors import Terminal, Transient

CONNECT_SECONDS = 3
SECONDS = 15.0
"""Longest time for one question, with the token's own calls before it."""


class HttpTransport:
    """One Airflow at ``url`` (without ``/api/v2``). ``token`` gives its bearer token; None: ask Airflow.

    No question begins that could outlast the ``tick``.
    """

    def __init__(self, url: str, token: Callable[[], str] | None = None, tick: Deadline = NEVER) -> None:
        self._url = url.rstrip("/")
        self._source = token or self._issued
        self._token: str | None = None
        self._pool = urllib3.PoolManager(retries=False)
        self._deadline = 0.0
        self._tick = tick

    @property
    def name(self) -> str:
        """See ``Transport``."""
        return f"the Airflow at {self._url}"

    def send(self, request: Request) -> Answer:
        """See ``Transport``."""
        self._tick.check(self.name, max(SECONDS, self._tick.telling_seconds))
        self._deadline = time.monotonic() + SECONDS
        fresh = self._token is None
        answer = self._send(request)
        if answer.status == 401 and not fresh:
            self._token = None
            answer = self._send(request)
        return answer

    def busy(self) -> str | None:
        """See ``ports.Airflow``: an Airflow of one's own does not tell."""
        return None

    def options(self) -> Mapping[str, str] | None:
        """See ``ports.Airflow``: None where `api.expose_config` is off, as it is by default."""
        answer = self.send(Request("GET", "/config", {}))
        if answer.status != 200:
            return None
        sections = json.loads(answer.body).get("sections", [])
        return {
            f"{section['name']}.{option['key']}": str(option["value"])
            for section in sections
            for option in section["options"]
        }

    def _send(self, request: Request) -> Answer:
        if self._token is None:
            self._token = self._source()
        query = f"?{urlencode(request.query, doseq=True)}" if request.query else ""
        body = None if request.body is None else json.dumps(request.body).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._ask(request.method, f"{self._url}{API}{request.path}{query}", headers, body)

    def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        left = max(self._deadline - time.monotonic(), 0.1)  # none at all would mean no limit
        limit = urllib3.Timeout(connect=CONNECT_SECONDS, total=left)
        try:
            said = self._pool.request(method, url, headers=headers, body=body, redirect=False, timeout=limit)
        except urllib3.exceptions.HTTPError as error:
            # The type alone: the message of some holds the whole request.
            raise Transient(f"{self.name} did not answer {method} ({type(error).__name__}).") from None
        return Answer(said.status, said.data)

    def _issued(self) -> str:
        """A token for whoever asks, as Airflow's simple auth manager gives it."""
        answer = self._ask("GET", f"{self._url}/auth/token", {"Accept": "application/json"}, None)
        if answer.status >= 500:
            raise Transient(f"{self.name} answered {answer.status} to GET /auth/token.")
        try:
            return str(json.loads(answer.body)["access_token"])
        except (ValueError, KeyError, TypeError):
            raise Terminal(
                f"{self.name} gives no token ({answer.status} to GET /auth/token).",
                "Name a secret that holds a token in `airflow.api.http.tokenSecret` of environment.yaml.",
            ) from None
