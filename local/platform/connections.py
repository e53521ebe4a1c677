"""Airflow's connections as secrets: what the platform's DAGs connect to, and how Airflow finds it.

As on AWS, Airflow's own backend reads them from Secrets Manager; its environment holds no secret but the
dummies that an emulator takes for credentials.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from local import aws
from local.sources.prepare import DATABASE, landing_bucket
from local.stack_info import StackInfo

PREFIX = "finedge/connections"
BACKEND = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
FILMS = ("films_source", "films_destination")
Connection = Mapping[str, object]


def lake_bucket(environment: str) -> str:
    """The bucket that an environment's pipelines write to."""
    return f"finedge-lake-{environment}"


def warehouse_database(environment: str) -> str:
    """The name of an environment's Snowflake database."""
    return f"FINEDGE_{environment.upper()}"


def airflow_env(environment: str, dbt: Path, quality: Path) -> dict[str, str]:
    """For `StackOptions.airflow_env`: where connections are found, and the tools that tasks call."""
    return {
        "AIRFLOW__SECRETS__BACKEND": BACKEND,
        # Variables and settings are not secrets here: without a prefix they are not asked for.
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps(
            {"connections_prefix": PREFIX, "variables_prefix": None, "config_prefix": None}
        ),
        **aws.CREDENTIALS,
        "AWS_DEFAULT_REGION": aws.REGION,
        "AWS_ENDPOINT_URL": "http://{aws}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "FINEDGE_ENV": environment,
        "FINEDGE_DBT": str(dbt),
        "FINEDGE_QUALITY": str(quality),
    }


def write(info: StackInfo, environment: str, market_url: str) -> None:
    """Make a secret of each connection. Raises botocore's ClientError."""
    client = aws.client("secretsmanager", info.aws_endpoint)
    for name, connection in connections(info, environment, market_url).items():
        client.create_secret(Name=f"{PREFIX}/{name}", SecretString=json.dumps(connection))


def connections(info: StackInfo, environment: str, market_url: str) -> dict[str, Connection]:
    """Every connection by its id, as Airflow reads them from JSON."""
    databases = {"finedge_source": DATABASE, **{name: name for name in FILMS}}
    return {
        **{name: _postgres(info.postgres_url, database) for name, database in databases.items()},
        "warehouse": _warehouse(info.warehouse, warehouse_database(environment)),
        "landing": _bucket(info.aws_endpoint, landing_bucket(environment)),
        "lake": _bucket(info.aws_endpoint, lake_bucket(environment)),
        "market_api": _market(market_url),
        "report_signing": {"conn_type": "generic", "password": _signing_key()},
    }


def _postgres(url: str, database: str) -> Connection:
    place = urlsplit(url)
    return {
        "conn_type": "postgres",
        "host": place.hostname,
        "port": place.port,
        "login": place.username,
        "schema": database,
    }


def _warehouse(login: Mapping[str, str | int], database: str) -> Connection:
    extra = {name: login[name] for name in ("account", "protocol")}
    return {
        "conn_type": "snowflake",
        "host": login["host"],
        "port": login["port"],
        "login": login["user"],
        "password": login["password"],
        "schema": "OPS",
        "extra": json.dumps({**extra, "database": database}),
    }


def _bucket(endpoint: str, bucket: str) -> Connection:
    extra = {"bucket": bucket, "region_name": aws.REGION, "endpoint_url": endpoint}
    return {
        "conn_type": "aws",
        "login": aws.CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "password": aws.CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        "extra": json.dumps(extra),
    }


def _signing_key() -> str:
    """A key for this stack's reports, as PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode()


def _market(url: str) -> Connection:
    place = urlsplit(url)
    return {
        "conn_type": "http",
        "schema": place.scheme,
        "host": place.hostname,
        "port": place.port,
        "password": "local-market-key",
        # The stand-in's minutes are short. Without these, calls are as far apart as the real API wants them.
        "extra": json.dumps({"path": place.path, "pause_seconds": 0.2, "limited_seconds": 1}),
    }
