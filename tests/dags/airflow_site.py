"""An Airflow with DAGs of ours, and the calls that tests make of it."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from local.airflow import Airflow


@dataclass(frozen=True)
class AirflowSite:
    """A running Airflow."""

    airflow: Airflow

    def call(self, path: str, body: dict[str, object] | None = None, method: str | None = None) -> Any:
        """One call of Airflow's REST API."""
        request = urllib.request.Request(
            f"{self.airflow.url}/api/v2/{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Authorization": f"Bearer {self.airflow.token()}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
