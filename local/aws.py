"""Runs AWS on loopback (the emulator ministack) and makes clients for it.

Called by the stack. Credentials are dummies: the emulator does not enforce IAM, so no test may rest on a
refusal by it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local.processes import Command, Process, answers, start, wait_for

REGION, ACCOUNT = "us-east-1", "000000000000"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
LAUNCHER = Path(__file__).with_name("ministack_launch.py")


def start_aws(python: Path, port: int, home: Path, seconds: float = 30) -> Process:
    """Start the emulator on `port`; its temporary files go below `home`. Returns when it answers."""
    scratch = home / "aws"
    scratch.mkdir(parents=True, exist_ok=True)
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "NO_PROXY": "127.0.0.1",
        "PYTHONUNBUFFERED": "1",
    }
    command = Command((str(python), "-P", str(LAUNCHER)), env, cwd=scratch)
    process = start("aws", command, home / "logs" / "aws.log")
    try:
        wait_for(process, lambda: answers(f"http://127.0.0.1:{port}/_ministack/health"), seconds)
    except BaseException:
        process.stop()
        raise
    return process


def client(service: Any, endpoint: str) -> Any:
    """A boto3 client of the emulator."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(inject_host_prefix=False, retries={"max_attempts": 2}),
    )


def variables(endpoint: str, mwaa_endpoint: str) -> dict[str, str]:
    """What boto3 reads from the environment so that every client talks to this stack and to nothing else."""
    return {
        **CREDENTIALS,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_MWAA": mwaa_endpoint,
        # Loopback has no `env.` and `api.` subdomains.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
