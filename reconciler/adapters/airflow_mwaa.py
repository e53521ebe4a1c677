"""Airflow's REST API through ``airflow:InvokeRestApi``: no network path to the web server is needed.

Called by ``AirflowClient``. Limits of the service: paths of 64 characters (boto3 does not check), 10 s and
6 MB a call, about 10 calls a second. Airflow's own failures arrive as exceptions that hold the real status.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from reconciler.adapters.airflow_transport import Answer, Request
from reconciler.adapters.aws_errors import error_code, translated
from reconciler.model.environment import MAX_DAG_ID, MAX_PATH
from reconciler.model.errors import Terminal

if TYPE_CHECKING:
    from mypy_boto3_mwaa import MWAAClient

_AIRFLOW_ITSELF = frozenset({"RestApiClientException", "RestApiServerException"})
# UPDATE_FAILED: "the environment was restored to its previous state successfully and is ready to use"
# (EnvironmentStatus in botocore's service model).
_READY = frozenset({"AVAILABLE", "UPDATE_FAILED"})


class MwaaTransport:
    """One MWAA environment."""

    def __init__(self, client: MWAAClient, environment: str) -> None:
        self._client = client
        self._environment = environment

    @property
    def name(self) -> str:
        """See ``Transport``."""
        return f"the Airflow of MWAA environment {self._environment}"

    def send(self, request: Request) -> Answer:
        """See ``Transport``. ``Terminal`` for a path that the service would refuse."""
        if len(request.path) > MAX_PATH:
            raise _too_long(request.path)
        asked: dict[str, Any] = {"Name": self._environment, "Path": request.path, "Method": request.method}
        if request.query:
            asked["QueryParameters"] = {
                name: values[0] if len(values) == 1 else list(values)
                for name, values in request.query.items()
            }
        if request.body is not None:
            asked["Body"] = request.body
        with translated("airflow:InvokeRestApi", f"MWAA environment {self._environment}"):
            try:
                said: Any = self._client.invoke_rest_api(**asked)
            except ClientError as error:
                if error_code(error) not in _AIRFLOW_ITSELF:
                    raise
                said = error.response
        return _answer(said)

    def options(self) -> Mapping[str, str]:
        """See ``ports.Airflow``: those that were set for the environment."""
        with translated("airflow:GetEnvironment", f"MWAA environment {self._environment}"):
            found = self._client.get_environment(Name=self._environment)["Environment"]
        return dict(found.get("AirflowConfigurationOptions", {}))

    def busy(self) -> str | None:
        """See ``ports.Airflow``."""
        with translated("airflow:GetEnvironment", f"MWAA environment {self._environment}"):
            status = self._client.get_environment(Name=self._environment)["Environment"].get("Status")
        return None if status in _READY else f"MWAA environment {self._environment} is {status}"


def _too_long(path: str) -> Terminal:
    """Only a DAG's id makes a path long; other ids travel in the body."""
    dag_id = unquote(path.removeprefix("/dags/").partition("/")[0])
    return Terminal(
        f"DAG id {dag_id} is too long for MWAA: {path} has {len(path)} characters; MWAA takes {MAX_PATH}.",
        f"Rename the DAG; with {MAX_DAG_ID} plain characters every call fits.",
    )


def _answer(said: dict[str, Any]) -> Answer:
    document = said.get("RestApiResponse")
    body = b"" if document is None else json.dumps(document).encode()
    return Answer(int(said.get("RestApiStatusCode", 500)), body)
