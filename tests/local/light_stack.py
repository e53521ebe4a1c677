"""A stack without Airflow and PostgreSQL whose functions are all the tiny echo: for testing the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.aws import client
from local.options import ROOT, StackOptions
from local.stack import Stack
from local.stack_info import StackInfo

TINY = Path(__file__).parent / "tiny"


def start(home: Path, *, warehouse: bool = False) -> Stack:
    """Start it; the template is the project's own, but for the functions' commands and one timeout."""
    template = home.parent / f"{home.name}-template.yaml"
    text = (ROOT / "template.yaml").read_text()
    for name in ("check_health", "on_alarm", "on_push", "reconcile", "sweep"):
        text = text.replace(f"handlers.{name}.handler", "handlers.echo.handler")
    template.write_text(text.replace("Timeout: 30", "Timeout: 3"))
    options = StackOptions(airflow=False, postgres=False, warehouse=warehouse, template=template, code=TINY)
    return Stack.up(home, options)


def invoke(info: StackInfo, function: str, event: dict[str, Any]) -> tuple[str | None, Any]:
    """Invoke one function; (FunctionError, answer)."""
    answer = client("lambda", info.aws_endpoint).invoke(
        FunctionName=info.functions[function], Payload=json.dumps(event).encode()
    )
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())
