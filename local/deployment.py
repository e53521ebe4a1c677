"""Deploys the project's template for a planned stack and says where everything then is.

Called by `local.stack` alone, once in a stack's life.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from urllib.parse import urlsplit

from local import aws as emulator
from local import template
from local.cloudformation import create_stack
from local.plan import REPO, Plan
from local.stack_info import AirflowInfo, StackInfo
from local.warehouse import login
from local.webhooks import Target, Webhooks
from reconciler.model.tick_time import TickTime

NAME = "reconciler"


def deploy(settled: Plan) -> dict[str, str]:
    """Make MWAA's buckets, deploy the template, aim the webhooks; returns the template's outputs."""
    s3 = emulator.client("s3", settled.url("aws"))
    for environment in settled.options.environments.values():
        s3.create_bucket(Bucket=environment.bucket)
        s3.put_bucket_versioning(Bucket=environment.bucket, VersioningConfiguration={"Status": "Enabled"})
    edited = template.for_emulator(template.load(settled.options.template), settled.url("lambda"))
    parameters = _parameters(settled, edited["Parameters"])
    translated = template.translate(edited, parameters, emulator.REGION)
    outputs = create_stack(settled.url("aws"), NAME, translated, parameters)
    if "ReverterKeySecretArn" in outputs:
        _give_key(settled, outputs["ReverterKeySecretArn"])
    Webhooks(settled.home / "webhooks").aim(
        Target(webhook_url(settled, outputs), _secret(settled, outputs["WebhookSecretArn"]))
    )
    return outputs


def _parameters(settled: Plan, declared: Mapping[str, object]) -> dict[str, str]:
    mwaas, time = settled.options.environments.values(), TickTime(settled.options.lease_seconds)
    prefix = f"arn:aws:airflow:{emulator.REGION}:{emulator.ACCOUNT}"
    wanted = {
        "RepoUrl": settled.git_url,
        "RepoNeedsToken": "false",
        "Environments": ",".join(settled.options.environments),
        "MwaaEnvironmentArns": ",".join(f"{prefix}:environment/{mwaa.name}" for mwaa in mwaas),
        "MwaaRoleArns": ",".join(f"{prefix}:role/{mwaa.name}/Op" for mwaa in mwaas),
        "LeaseSeconds": f"{time.lease_seconds:g}",
        "TickSeconds": str(int(time.timeout_seconds)),
        "DagBucketArns": ",".join(f"arn:aws:s3:::{mwaa.bucket}" for mwaa in mwaas),
    }
    return {name: value for name, value in wanted.items() if name in declared}


def _give_key(settled: Plan, secret: str) -> None:
    """As a person would: a new key for the identity that reverts. Its public half is beside it."""
    key = settled.home / "reverter" / "key"
    key.parent.mkdir(mode=0o700)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "reverter", "-f", str(key)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    secrets = emulator.client("secretsmanager", settled.url("aws"))
    secrets.put_secret_value(SecretId=secret, SecretString=key.read_text())


def _secret(settled: Plan, name: str) -> str:
    secrets = emulator.client("secretsmanager", settled.url("aws"))
    return str(secrets.get_secret_value(SecretId=name)["SecretString"])


def webhook_url(settled: Plan, outputs: Mapping[str, str]) -> str:
    """The function URL on loopback, where its subdomain becomes part of the path."""
    label = (urlsplit(outputs["WebhookUrl"]).hostname or "").split(".")[0]
    return f"{settled.url('aws')}/_aws/lambda-url/{label}/"


def info(settled: Plan, outputs: Mapping[str, str], processes: Mapping[str, int]) -> StackInfo:
    """Where everything is."""
    functions = {
        key.removesuffix("Function"): value for key, value in outputs.items() if key.endswith("Function")
    }
    airflows = {name: _airflow_info(settled, name) for name in settled.airflows}
    return StackInfo(
        home=str(settled.home),
        git_url=settled.git_url,
        git_repo=str(settled.home / "git" / REPO),
        airflow_url=next((item.url for item in airflows.values()), ""),
        airflow_python=str(settled.pythons.airflow) if airflows else "",
        airflows=airflows,
        aws_endpoint=settled.url("aws"),
        mwaa_endpoint=settled.url("mwaa"),
        table=outputs["TableName"],
        queue_url=outputs["QueueUrl"],
        dead_letter_queue_url=outputs["DeadLetterQueueUrl"],
        bus=outputs["BusName"],
        artifact_bucket=outputs["ArtifactBucket"],
        webhook_url=webhook_url(settled, outputs),
        webhook_secret=outputs["WebhookSecretArn"],
        postgres_url=settled.postgres_url if settled.options.postgres else "",
        warehouse=login(settled.ports["warehouse"]) if settled.options.warehouse else {},
        logs=str(settled.logs),
        functions=functions,
        env=_env(settled, outputs),
        processes=processes,
    )


def _airflow_info(settled: Plan, name: str) -> AirflowInfo:
    config, environment = settled.airflows[name], settled.options.environments[name]
    return AirflowInfo(
        url=config.url,
        mwaa=environment.name,
        bucket=environment.bucket,
        dags=str(config.dags),
        worker_dags=str(config.worker_dags),
        home=str(config.home),
    )


def _env(settled: Plan, outputs: Mapping[str, str]) -> dict[str, str]:
    return {
        **emulator.variables(settled.url("aws"), settled.url("mwaa")),
        "RECONCILER_TABLE": outputs["TableName"],
        "RECONCILER_QUEUE_URL": outputs["QueueUrl"],
        "RECONCILER_BUS": outputs["BusName"],
        "RECONCILER_ARTIFACTS": outputs["ArtifactBucket"],
        "RECONCILER_REPO_URL": settled.git_url,
        "RECONCILER_REPO_BRANCH": "main",
        "RECONCILER_REPO_PATH": "environments",
        "RECONCILER_REPO_TOKEN_SECRET": "",
        "RECONCILER_WEBHOOK_SECRET": outputs["WebhookSecretArn"],
        "RECONCILER_ENVIRONMENTS": ",".join(settled.options.environments),
        "RECONCILER_STACK": NAME,
        "RECONCILER_REVERTER_KEY_SECRET": outputs.get("ReverterKeySecretArn", ""),
        "RECONCILER_REVERTER_TOKEN_SECRET": outputs.get("ReverterTokenSecretArn", ""),
        **({"RECONCILER_AIRFLOW_PYTHON": str(settled.pythons.airflow)} if settled.airflows else {}),
        "POWERTOOLS_SERVICE_NAME": NAME,
        "POWERTOOLS_METRICS_NAMESPACE": "Reconciler",
    }
