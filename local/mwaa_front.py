"""MWAA's front on the wire, for real boto3: `GetEnvironment` and `InvokeRestApi` over real Airflows.

`python -m local.mwaa_front PORT ENVIRONMENTS`, on a leash. ENVIRONMENTS is a JSON file: MWAA environment name
-> {"airflow": URL, "bucket": name, "version": ...}; it is read at every call, so the mapping can grow.
A file `<name>.status` beside it (say `UPDATING`) changes an environment's status. Enforces `mwaa_limits`.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from local.airflow import fetch_token
from local.aws import ACCOUNT, REGION
from local.httpd import Handler, Server
from local.mwaa_limits import BYTES, SECONDS, Refusal, Throttle, refuse, within_a_page


class Front:
    """The environments and what is remembered of them."""

    def __init__(self, environments: Path) -> None:
        self._file = environments
        self._tokens: dict[str, str] = {}
        self._throttles: defaultdict[str, Throttle] = defaultdict(Throttle)

    def environment(self, name: str) -> dict[str, Any] | None:
        """What an environment is here, or None."""
        found: dict[str, dict[str, Any]] = json.loads(self._file.read_text())
        return found.get(name)

    def describe(self, name: str, here: dict[str, Any]) -> dict[str, Any]:
        """`GetEnvironment`'s answer."""
        status = self._file.with_name(f"{name}.status")
        return {
            "Environment": {
                "Name": name,
                "Status": status.read_text().strip() if status.exists() else "AVAILABLE",
                "Arn": f"arn:aws:airflow:{REGION}:{ACCOUNT}:environment/{name}",
                "AirflowVersion": here["version"],
                "AirflowConfigurationOptions": here.get("options", {}),
                "DagS3Path": "dags",
                "SourceBucketArn": f"arn:aws:s3:::{here['bucket']}",
                "WebserverUrl": urlsplit(here["airflow"]).netloc,
            }
        }

    def invoke(self, name: str, here: dict[str, Any], body: bytes) -> tuple[dict[str, Any], str | None]:
        """`InvokeRestApi`'s answer and the exception's name, if it is one."""
        request = json.loads(body)
        refusal = refuse(request, len(body))
        if refusal is None and not self._throttles[name].take():
            refusal = Refusal("ThrottlingException", "Rate exceeded")
        if refusal:
            return {"message": refusal.message}, refusal.kind
        status, document = self._forward(here["airflow"], within_a_page(request))
        answer: dict[str, Any] = {"RestApiStatusCode": status}
        if document is not None:
            answer["RestApiResponse"] = document
        if status < 400:
            return answer, None
        return answer, "RestApiClientException" if status < 500 else "RestApiServerException"

    def _forward(self, airflow: str, request: dict[str, Any]) -> tuple[int, Any]:
        try:
            status, body = self._call(airflow, request)
            if status == 401:
                self._tokens.pop(airflow, None)
                status, body = self._call(airflow, request)
        except OSError as error:
            return 504, {"detail": f"no answer within {SECONDS} s: {error}"}
        if len(body) > BYTES:
            return 500, {"detail": f"the answer has {len(body)} bytes; at most {BYTES}"}
        return status, _document(body)

    def _call(self, airflow: str, request: dict[str, Any]) -> tuple[int, bytes]:
        query = urllib.parse.urlencode(request.get("QueryParameters") or {}, doseq=True)
        url = f"{airflow}/api/v2{request['Path']}{'?' + query if query else ''}"
        if airflow not in self._tokens:
            self._tokens[airflow] = fetch_token(airflow)
        headers = {"Authorization": f"Bearer {self._tokens[airflow]}", "Content-Type": "application/json"}
        data = json.dumps(request["Body"]).encode() if "Body" in request else None
        call = urllib.request.Request(url, data, headers, method=request["Method"])
        try:
            with urllib.request.urlopen(call, timeout=SECONDS) as answer:
                return answer.status, answer.read(BYTES + 1)
        except urllib.error.HTTPError as error:
            return error.code, error.read()


def _document(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return {"detail": body.decode(errors="replace")}


def handler(front: Front) -> type[Handler]:
    """The HTTP side."""

    class MwaaHandler(Handler):
        def do_GET(self) -> None:
            self._route("environments", b"")

        def do_POST(self) -> None:
            self._route("restapi", self.body())

        def _route(self, operation: str, body: bytes) -> None:
            kind, _, name = unquote(urlsplit(self.path).path).strip("/").partition("/")
            if kind == "health":
                return self.reply_json(200, {})
            here = front.environment(name)
            if kind != operation or here is None:
                return self._fail(404, "ResourceNotFoundException", {"message": f"{kind} {name}: not here"})
            if kind == "environments":
                return self.reply_json(200, front.describe(name, here))
            document, error = front.invoke(name, here, body)
            if error:
                return self._fail(429 if error == "ThrottlingException" else 400, error, document)
            return self.reply_json(200, document)

        def _fail(self, status: int, kind: str, document: dict[str, Any]) -> None:
            self.reply_json(status, document, {"x-amzn-ErrorType": kind})

    return MwaaHandler


if __name__ == "__main__":
    Server(int(sys.argv[1]), handler(Front(Path(sys.argv[2])))).serve_until_told()
