"""The smallest function: says what it was given and what it knows, or does what a test asks of it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from typing import Any

import boto3


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    print(f"echo {json.dumps(event)[:2000]}")
    if "Records" in event:
        boto3.client("s3").put_object(
            Bucket=os.environ["RECONCILER_ARTIFACTS"],
            Key=f"seen/{event['Records'][0]['messageId']}",
            Body=event["Records"][0]["body"].encode(),
        )
        time.sleep(float(json.loads(event["Records"][0]["body"]).get("sleep", 0)))
    if event.get("hang"):
        subprocess.Popen(["sleep", str(event["hang"])])
        time.sleep(60)
    if event.get("fail"):
        raise ValueError("as asked")
    if event.get("body"):
        put_body(event)
    return {
        "handler": os.environ["_HANDLER"],
        "left": context.get_remaining_time_in_millis(),
        "tmp": tempfile.gettempdir(),
        "env": known(),
    }


def put_body(event: dict[str, Any]) -> None:
    boto3.client("s3").put_object(
        Bucket=os.environ["RECONCILER_ARTIFACTS"],
        Key="webhook",
        Body=json.dumps({"body": event["body"], "headers": event["headers"]}).encode(),
    )


def known() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key.startswith(("RECONCILER_", "MINISTACK_"))}
