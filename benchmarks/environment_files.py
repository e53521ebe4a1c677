"""The environment repo of a benchmark: one environment, written anew each time. Pure."""

from __future__ import annotations

from benchmarks.timing import Timing

ENVIRONMENT = "dev"
COMPONENTS = ("dags", "libs", "dbt")


def first(environment: str, bucket: str, timing: Timing, mwaa: str) -> dict[str, str]:
    """Path -> text of the first commit. It names versions that nobody published."""
    return {
        "environments/reconciler.yaml": (
            f"apiVersion: reconciler/v1\nkind: Reconciler\npromotion: [{environment}]\n"
        ),
        f"environments/{environment}/environment.yaml": f"""\
apiVersion: reconciler/v1
kind: Environment
name: {environment}
airflow:
  version: 3.0.6
  api: {{mwaa: {{environment: {mwaa}}}}}
  dagFolder: {{bucket: {bucket}, prefix: dags/}}
  syncSeconds: {timing.sync_seconds:g}
  clockMarginSeconds: {timing.clock_margin_seconds:g}
  parseSeconds: {timing.parse_seconds:g}
""",
        pointer_path(environment): pointer("0.0.0"),
    }


def approval_rules(environment: str, email: str, signer: str) -> dict[str, str]:
    """Path -> text to add: somebody has to approve, `signer` being their line of `allowed_signers`."""
    return {
        "environments/reconciler.yaml": f"roles: {{release-manager: [{email}]}}\n",
        "environments/allowed_signers": signer,
        f"environments/{environment}/environment.yaml": (
            "policy: {approval: {required: 1, from: [release-manager]}}\n"
        ),
    }


def pointer_path(environment: str) -> str:
    """Where an environment's pointer lies."""
    return f"environments/{environment}/pointer.yaml"


def pointer(version: str) -> str:
    """A pointer with one version of everything."""
    lines = [f"  {component}: {{version: {version}}}" for component in COMPONENTS]
    return "\n".join(["apiVersion: reconciler/v1", "kind: Pointer", "components:", *lines, ""])
