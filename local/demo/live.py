"""The outside of a running stack: reads Airflow, S3, Git, PostgreSQL and what the command line tells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import psycopg
from psycopg import sql

from local import films_source
from local.aws import client
from local.demo.airflow_api import AirflowApi
from local.demo.branch import Branch
from local.demo.commands import CommandLine
from local.demo.films import RAW_SCHEMA, destination_url, source_url
from local.demo.functions import Functions
from local.demo.outside import Dag, DagRun, Event, GitCommit, Stored
from local.git_repos import git
from local.stack_info import StackInfo

ENVIRONMENT = "dev"
PREFIX = "dags/"


@dataclass
class Live:
    """Implements `Outside` for a stack."""

    info: StackInfo
    cli: CommandLine
    airflows: Mapping[str, AirflowApi] = field(init=False)

    def __post_init__(self) -> None:
        self.airflows = {name: AirflowApi(one.url) for name, one in self.info.airflows.items()}

    @property
    def airflow(self) -> AirflowApi:
        """That of dev."""
        return self.airflows[ENVIRONMENT]

    @property
    def bucket(self) -> str:
        """The bucket that holds the DAG folder."""
        return self.info.airflows[ENVIRONMENT].bucket

    @cached_property
    def s3(self) -> Any:
        """boto3's client."""
        return client("s3", self.info.aws_endpoint)

    @cached_property
    def cloudwatch(self) -> Any:
        """boto3's client."""
        return client("cloudwatch", self.info.aws_endpoint)

    @cached_property
    def branch(self) -> Branch:
        """The environment repo's branch."""
        return Branch(self.info.git_url)

    def dags(self, environment: str = ENVIRONMENT) -> dict[str, Dag]:
        """See `Outside`."""
        return self.airflows[environment].dags()

    def import_errors(self) -> list[str]:
        """See `Outside`."""
        return self.airflow.import_errors()

    def run_state(self, dag_id: str, run_id: str) -> str:
        """See `Outside`."""
        return self.airflow.run_state(dag_id, run_id)

    def said(self, dag_id: str, run_id: str, task_id: str) -> dict[str, str]:
        """See `Outside`."""
        value = self.airflow.said(dag_id, run_id, task_id)
        return value if isinstance(value, dict) else {}

    def runs(self, dag_id: str) -> list[DagRun]:
        """See `Outside`."""
        return self.airflow.runs(dag_id)

    def switched(self, dag_id: str) -> list[datetime]:
        """See `Outside`."""
        return self.airflow.switched(dag_id)

    def folder(self, environment: str = ENVIRONMENT) -> dict[str, Stored]:
        """See `Outside`."""
        bucket = self.info.airflows[environment].bucket
        return {
            item["Key"].removeprefix(PREFIX): Stored(
                item["ETag"], item["LastModified"].isoformat(), self._body(bucket, item["Key"])
            )
            for item in self._list(bucket, PREFIX)
        }

    def versions(self, key: str) -> list[bytes]:
        """See `Outside`."""
        pages = self.s3.get_paginator("list_object_versions").paginate(
            Bucket=self.bucket, Prefix=PREFIX + key
        )
        found = [item for page in pages for item in page.get("Versions", []) if item["Key"] == PREFIX + key]
        # S3 lists a key's versions newest first.
        return [self._body(self.bucket, item["Key"], VersionId=item["VersionId"]) for item in reversed(found)]

    def sealed(self) -> dict[str, str]:
        """See `Outside`."""
        return {item["Key"]: item["ETag"] for item in self._list(self.info.artifact_bucket, "releases/")}

    def tip(self) -> str:
        """See `Outside`."""
        return git(self.cli.folder, "ls-remote", self.info.git_url, "refs/heads/main").split()[0]

    def signer(self, tag: str) -> str:
        """See `Outside`."""
        return self.branch.signer_of_tag(tag)

    def commits(self, since: str) -> list[GitCommit]:
        """See `Outside`."""
        return self.branch.commits(since)

    def commit_signer(self, commit: str) -> str:
        """See `Outside`."""
        return self.branch.signer_of_commit(commit)

    def file_at(self, commit: str, path: str) -> bytes:
        """See `Outside`."""
        return self.branch.file(commit, path)

    def alarm(self, name: str) -> str:
        """See `Outside`."""
        kinds = ["MetricAlarm", "CompositeAlarm"]
        found = self.cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=kinds)
        rows = [*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())]
        return str(rows[0]["StateValue"]) if rows else ""

    def tries(self, dag_id: str, run_id: str, task_id: str) -> int:
        """See `Outside`."""
        found = [task.tries for task in self.airflow.tasks(dag_id, run_id) if task.task_id == task_id]
        return max(found, default=0)

    def films(self) -> dict[str, int]:
        """See `Outside`."""
        return _rows(destination_url(self.info), RAW_SCHEMA)

    def source_films(self) -> dict[str, int]:
        """See `Outside`."""
        return _rows(source_url(self.info), "public")

    def events(self, environment: str = ENVIRONMENT) -> list[Event]:
        """See `Outside`."""
        told = self.cli.run("events", environment, "--limit", "1000", "--output", "json").expect()
        return [
            Event(item["sequence"], item["severity"], item["reason"], item["message"])
            for item in json.loads(told.stdout)["events"]
        ]

    def status(self) -> str:
        """See `Outside`."""
        return self.cli.run("status", ENVIRONMENT).expect().stdout

    def killed(self) -> list[str]:
        """See `Outside`."""
        return Functions(self.info).killed("Reconcile")

    def etags(self) -> dict[str, str]:
        """The etags of all objects of the DAG folder, by key below `dags/`: one quick call."""
        return {item["Key"].removeprefix(PREFIX): item["ETag"] for item in self._list(self.bucket, PREFIX)}

    def _list(self, bucket: str, prefix: str) -> list[dict[str, Any]]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item for page in pages for item in page.get("Contents", [])]

    def _body(self, bucket: str, key: str, **which: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=bucket, Key=key, **which)["Body"].read())


def _rows(url: str, schema: str) -> dict[str, int]:
    """Rows per table of the films database; a table that is not there has none."""
    found = {}
    with psycopg.connect(url) as connection:
        for table in films_source.rows():
            there = connection.execute("SELECT to_regclass(%s)", (f"{schema}.{table}",)).fetchone()
            if there and there[0]:
                count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
                found[table] = (connection.execute(count).fetchone() or (0,))[0]
            else:
                found[table] = 0
    return found
