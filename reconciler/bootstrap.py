"""The only place that wires: ports to the real adapters, by the settings. Called by handlers and the CLI.

Everything is made once per process, when it is first asked for, and heavy clients only where they are used:
a cold start of the function that takes webhooks imports neither Git nor Airflow's client.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

from reconciler.settings import Settings

if TYPE_CHECKING:
    from reconciler.adapters.deadline import Deadline
    from reconciler.adapters.git_repo import GitRepo
    from reconciler.adapters.queue_probe import QueueSeen
    from reconciler.adapters.reverter import SigningReverter
    from reconciler.engine.world import Lookout, World
    from reconciler.model.environment import Environment
    from reconciler.ports import (
        Airflow,
        Alarms,
        ArtifactStore,
        Clock,
        EnvironmentRepo,
        EventBus,
        HealthSources,
        StateStore,
        Target,
        TickQueue,
    )

BOT = ("reconciler", "reconciler@localhost", "")
"""Who commits where no person is named."""


@cache
def settings() -> Settings:
    """The settings of this process. ``Terminal`` names every variable that is missing."""
    return Settings.read()


@cache
def deadline() -> Deadline:
    """Until when the adapters of this process may go on asking; a function sets it at each invocation."""
    from reconciler.adapters.deadline import Deadline

    return Deadline(telling_seconds=settings().tick_time.telling_seconds)


@cache
def _client(service: str) -> Any:
    from reconciler.adapters.aws_session import client

    return client(service, deadline=deadline())


@cache
def clock() -> Clock:
    """The system's clock."""
    from reconciler.adapters.system_clock import SystemClock

    return SystemClock()


@cache
def queue() -> TickQueue:
    """Where ticks are asked for."""
    from reconciler.adapters.sqs_queue import SqsTickQueue

    return SqsTickQueue(_client("sqs"), settings().queue_url)


def look_at_queue() -> QueueSeen:
    """How the queue is, without touching it."""
    from reconciler.adapters.queue_probe import look

    return look(_client("sqs"), settings().queue_url)


@cache
def _secrets() -> Any:
    from reconciler.adapters.secrets import SecretsManager

    return SecretsManager(_client("secretsmanager"), clock())


def webhook_secret() -> str:
    """The key with which webhooks are signed."""
    return str(_secrets().get(settings().webhook_secret))


@cache
def repo(identity: tuple[str, str, str] = BOT) -> EnvironmentRepo:
    """The environment repo; ``identity`` (name, e-mail, SSH key or nothing) is who commits what is pushed."""
    return _repo_of(identity, settings().repo_token_secret)


def _repo_of(identity: tuple[str, str, str], secret: str) -> GitRepo:
    from reconciler.adapters.git_cache import Remote
    from reconciler.adapters.git_repo import GitRepo
    from reconciler.adapters.git_rules import Identity

    known = settings()
    return GitRepo(
        Remote(url=known.repo_url, branch=known.repo_branch, folder=known.repo_path),
        Path(gettempdir()) / "reconciler-git",
        Identity(*identity),
        token=partial(_secrets().get, secret) if secret else None,
        deadline=deadline(),
    )


@cache
def artifacts() -> ArtifactStore:
    """The artifact store."""
    from reconciler.adapters.s3_artifacts import S3ArtifactStore

    return S3ArtifactStore(_client("s3"), settings().artifacts, deadline())


@cache
def store() -> StateStore:
    """The memory of all environments."""
    from reconciler.adapters.dynamodb_state import DynamoStateStore

    return DynamoStateStore(_client("dynamodb"), settings().table, clock())


@cache
def bus() -> EventBus:
    """Where events are published."""
    from reconciler.adapters.eventbridge import EventBridgeBus

    return EventBridgeBus(_client("events"), settings().bus)


def airflow(environment: Environment) -> Airflow:
    """One environment's Airflow, through MWAA's API or over HTTP, as the environment says."""
    from reconciler.adapters.airflow_client import AirflowClient

    api = environment.airflow.api
    if api.mwaa is not None:
        from reconciler.adapters.airflow_mwaa import MwaaTransport

        return AirflowClient(MwaaTransport(_client("mwaa"), api.mwaa.environment), clock())
    if api.http is None:
        raise AssertionError("the model demands one of the two")
    from reconciler.adapters.airflow_http import HttpTransport

    secret = api.http.token_secret
    token = partial(_secrets().get, secret) if secret else None
    return AirflowClient(HttpTransport(api.http.url, token, deadline()), clock())


@cache
def alarms() -> Alarms:
    """The alarms of this account."""
    from reconciler.adapters.cloudwatch_alarms import CloudWatchAlarms

    return CloudWatchAlarms(_client("cloudwatch"))


def heard_alarms() -> frozenset[str]:
    """The alarms of people's own that the stack hears of."""
    from reconciler.adapters.alarm_rule import heard_alarms as asked

    return asked(_client("cloudformation"), _client("events"), settings().stack)


def sources(environment: Environment) -> HealthSources:
    """What tells of one environment's health besides its Airflow, as far as it has it."""
    from reconciler.adapters.cloudwatch_metrics import MwaaMetrics
    from reconciler.adapters.health_sources import EnvironmentSources
    from reconciler.adapters.snowflake_record import SnowflakeRecord

    place, mwaa = environment.health.record, environment.airflow.api.mwaa
    return EnvironmentSources(
        None if place is None else SnowflakeRecord(place, _secrets().get, deadline()),
        None if mwaa is None else MwaaMetrics(_client("cloudwatch"), mwaa.environment),
    )


def target(environment: Environment) -> Target:
    """One environment's platform: its DAG folder and its Airflow."""
    from reconciler.adapters.s3_dag_folder import S3DagFolder
    from reconciler.build.loader import loader_files
    from reconciler.targets.airflow_dags import AirflowDags
    from reconciler.targets.release_archives import ReleaseArchives

    place = environment.airflow.dag_folder
    return AirflowDags(
        S3DagFolder(_client("s3"), place.bucket, place.prefix, clock(), deadline()),
        airflow(environment),
        ReleaseArchives(artifacts()),
        loader_files(),
        clock(),
    )


def world(holder: str) -> World:
    """What a tick works with; ``holder`` names who holds the lease."""
    from reconciler.engine.world import World

    return World(
        repo=repo(),
        artifacts=artifacts(),
        store=store(),
        bus=bus(),
        clock=clock(),
        target=target,
        holder=holder,
        environments=settings().environments,
        time=settings().tick_time,
    )


def reverter() -> SigningReverter | None:
    """The environment repo, pushed to by the identity that reverts; None where it has no key.

    It reads with the same token as everybody, and pushes with its own.
    """
    known = settings()
    secret = known.reverter_key_secret
    if not secret:
        return None
    from reconciler.adapters.reverter import SigningReverter

    def as_(name: str, email: str, key: str) -> GitRepo:
        return _repo_of((name, email, key), known.reverter_token_secret or known.repo_token_secret)

    return SigningReverter(repo(), as_, partial(_secrets().get, secret), secret, clock())


def lookout(holder: str) -> Lookout:
    """What those work with who look after what is live; ``holder`` names who holds the lease."""
    from reconciler.engine.world import Lookout

    return Lookout(
        world=world(holder),
        alarms=alarms(),
        sources=sources,
        queue=queue(),
        reverter=reverter(),
        stack=settings().stack,
    )
