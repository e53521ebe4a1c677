"""What ``AirflowClient`` needs of a way to reach Airflow's REST API, and how its answers are judged.

Implemented by ``airflow_mwaa`` and ``airflow_http``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.adapters.steady import steady
from reconciler.model.errors import ReconcilerError, Terminal, Transient

API = "/api/v2"
"""The API's version since Airflow 3.0. MWAA adds it by itself."""


@dataclass(frozen=True)
class Request:
    """One call: ``path`` without ``/api/v2``, ``query`` by name, ``body`` as JSON types or None."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    body: object = None

    @property
    def reads(self) -> bool:
        """May it be repeated? ``…/list`` is a question that is too long for a URL."""
        return self.method == "GET" or self.path.endswith("/list")

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Answer:
    """The status of Airflow itself, and its JSON as bytes."""

    status: int
    body: bytes


class Transport(Protocol):
    """A way to one Airflow."""

    @property
    def name(self) -> str:
        """Which Airflow, for messages."""

    def send(self, request: Request) -> Answer:
        """Ask once. ``Transient`` or ``Terminal`` where there is no answer of Airflow itself."""

    def busy(self) -> str | None:
        """See ``ports.Airflow``."""


def failure(request: Request, answer: Answer, name: str) -> ReconcilerError | None:
    """What an answer means if it is not what was asked for, else None."""
    if answer.status < 300:
        return None
    said = f"{name} answered {answer.status} to {request}: {_detail(answer.body)}."
    if answer.status == 429 or answer.status >= 500:
        return Transient(said)
    if answer.status in (401, 403):
        return Terminal(
            said,
            "Give the reconciler an Airflow role that may read DAGs, DAG runs and import errors, "
            "and a token or an IAM role that is bound to it.",
        )
    return Terminal(said, "Check `airflow.api` and `airflow.version` in environment.yaml.")


def _detail(body: bytes) -> str:
    """Airflow's ``detail``, or the beginning of whatever came."""
    try:
        document = json.loads(body)
    except ValueError:
        return steady(body.decode(errors="replace"))[:200]
    return steady(str(document.get("detail", document) if isinstance(document, dict) else document))[:200]
