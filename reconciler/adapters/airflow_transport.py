"""What ``AirflowClient`` needs of a way to reach Airflow's REST API, and how its answers are judged.

Implemented by ``airflow_mwaa`` and ``airflow_http``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from reconciler.adapters.steady import steady
from reconciler.model.errors import ReconcilerError, Terminal, Transient

R = TypeVar("R")

API = "/api/v2"
"""The API's version since Airflow 3.0. MWAA adds it by itself."""


@dataclass(frozen=True)
class Request:
    """One call: ``path`` without ``/api/v2``, ``query`` by name, ``body`` as JSON types or None."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    body: object = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Answer:
    """The status of Airflow itself, and its JSON as bytes."""

    status: int
    body: bytes


class Refused(Terminal):
    """Airflow itself said no, with ``status`` (4xx); for some calls that is an answer like another."""

    def __init__(self, status: int, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.status = status


class Transport(Protocol):
    """A way to one Airflow."""

    @property
    def name(self) -> str:
        """Which Airflow, for messages."""

    def options(self) -> Mapping[str, str] | None:
        """See ``ports.Airflow``."""

    def send(self, request: Request) -> Answer:
        """Ask once. ``Transient`` or ``Terminal`` where there is no answer of Airflow itself."""

    def busy(self) -> str | None:
        """See ``ports.Airflow``."""


def unless(status: int, call: Callable[[], R]) -> R | None:
    """What ``call`` gives, or None if Airflow refuses it with ``status``."""
    try:
        return call()
    except Refused as refused:
        if refused.status != status:
            raise
        return None


def failure(request: Request, answer: Answer, name: str) -> ReconcilerError | None:
    """What an answer means if it is not what was asked for, else None."""
    if answer.status < 300:
        return None
    said = f"{name} answered {answer.status} to {request}: {_detail(answer.body)}."
    if answer.status == 429 or answer.status >= 500:
        return Transient(said)
    if answer.status in (401, 403):
        return Refused(
            answer.status,
            said,
            "Give the reconciler an Airflow role that may read DAGs, DAG runs, assets and import errors, "
            "pause DAGs, create runs and clear tasks, and a token or an IAM role that is bound to it.",
        )
    return Refused(answer.status, said, "Check `airflow.api` and `airflow.version` in environment.yaml.")


def _detail(body: bytes) -> str:
    """Airflow's ``detail``, or the beginning of whatever came."""
    try:
        document = json.loads(body)
    except ValueError:
        return steady(body.decode(errors="replace"))[:200]
    return steady(str(document.get("detail", document) if isinstance(document, dict) else document))[:200]
