"""``reconciler seal``: parses one combination with the environment's Airflow and stores it as a release."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli import sealing
from reconciler.cli.commands.publish import PythonOption
from reconciler.cli.completion import complete_version_of
from reconciler.cli.context import EnvironmentArgument, OutputOption, begin
from reconciler.cli.output import Format
from reconciler.model.component import Component


def _complete_dags(incomplete: str) -> list[str]:
    return complete_version_of("dags", incomplete)


def _complete_libs(incomplete: str) -> list[str]:
    return complete_version_of("libs", incomplete)


def _complete_dbt(incomplete: str) -> list[str]:
    return complete_version_of("dbt", incomplete)


def seal(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    ctx: typer.Context,
    env: EnvironmentArgument,
    dags: Annotated[
        str | None, typer.Option(help="This version of dags.", autocompletion=_complete_dags)
    ] = None,
    libs: Annotated[
        str | None, typer.Option(help="This version of libs.", autocompletion=_complete_libs)
    ] = None,
    dbt: Annotated[
        str | None, typer.Option(help="This version of dbt.", autocompletion=_complete_dbt)
    ] = None,
    airflow_python: PythonOption = None,
    output: OutputOption = Format.TEXT,
) -> None:
    """Parse a combination of versions and store it as a release.

    Without options: what the environment's pointer names.
    """
    from reconciler.core.declarations import parse_desired

    cli = begin(ctx, output)
    platform, name = cli.platform, cli.known(env)
    overrides = {Component.DAGS: dags, Component.LIBS: libs, Component.DBT: dbt}
    repo = platform.repo()
    desired = parse_desired(repo.files(repo.tip()), name)
    chosen = {component: version for component, version in overrides.items() if version is not None}
    wanted = sealing.combination(platform, desired, chosen)
    with cli.out.progress(only_live=True) as progress:
        progress(f"Parsing {wanted} with Airflow {wanted.airflow}.")
        sealed = sealing.seal(platform, wanted, airflow_python)
    cli.out.document(sealed.to_json())
    if not sealed.new:
        cli.out.line(f"Already sealed: {wanted} is release {sealed.manifest.id}.")
        return
    cli.out.table(
        ["dag", "file", "fingerprint"],
        [[dag_id, dag.file, dag.fingerprint[:10]] for dag_id, dag in sorted(sealed.manifest.dags.items())],
    )
    cli.out.line(f"✓ Sealed {wanted} as release {sealed.manifest.id}.", "green")
