"""``reconciler publish``: stores what ``build`` made, and seals what an ordinary bump would make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import dist, sealing
from reconciler.cli.commands.build import ComponentsArgument
from reconciler.cli.completion import complete_version
from reconciler.cli.context import Cli, OutputOption, begin
from reconciler.cli.interpreters import VARIABLE
from reconciler.cli.output import Format, short
from reconciler.model.component import Component
from reconciler.model.errors import InvalidInput, Terminal

if TYPE_CHECKING:
    from reconciler.model.artifact import ArtifactManifest

PythonOption = Annotated[
    Path | None,
    typer.Option(
        "--airflow-python",
        envvar=VARIABLE,
        help="A Python with the environment's Airflow. (default: .envs/airflow-<version>/bin/python)",
    ),
]


def publish(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    ctx: typer.Context,
    version: Annotated[
        str, typer.Option("--version", help="The version that was built.", autocompletion=complete_version)
    ],
    components: ComponentsArgument = None,
    source: Annotated[Path, typer.Option("--dist", help="Where `build` wrote it.")] = dist.DIST,
    seal: Annotated[bool, typer.Option(help="Seal it with what each environment runs today.")] = True,
    airflow_python: PythonOption = None,
    output: OutputOption = Format.TEXT,
) -> None:
    """Store a built version for ever, and seal it."""
    cli = begin(ctx, output)
    chosen = components or list(Component)
    # All are read before the first is stored.
    built = [dist.read(source, component, version) for component in chosen]
    published = [
        (manifest, cli.platform.artifacts().publish(manifest, archive)) for manifest, archive in built
    ]
    cli.out.table(["component", "version", "digest", "stored"], [_row(*one) for one in published])
    sealed: list[sealing.Sealed] = []
    broken: list[str] = []
    if seal:
        for wanted in _combinations(cli, dict.fromkeys(chosen, version), broken):
            with cli.out.progress(only_live=True) as progress:
                progress(f"Sealing {wanted} with Airflow {wanted.airflow} …")
                sealed.append(sealing.seal(cli.platform, wanted, airflow_python))
            cli.out.line(_told(sealed[-1]))
    if broken:
        raise InvalidInput(
            tuple(broken),
            f"All of {version} is published, and sealed where it could be. Correct these files in the "
            "environment repo and push them; then `reconciler seal ENV`, or publish again.",
        )
    cli.out.document(
        {
            "artifacts": [_document(manifest, new) for manifest, new in published],
            "sealed": [one.to_json() for one in sealed],
        }
    )


def _combinations(
    cli: Cli, bumped: Mapping[Component, str], broken: list[str]
) -> Iterator[sealing.Combination]:
    """Each different mix of the new versions with an environment's others.

    What is wrong with files, so that nobody can tell what runs beside, is added to ``broken``.
    """
    from reconciler.core.declarations import parse_desired

    repo = cli.platform.repo()
    files = repo.files(repo.tip())
    seen: set[tuple[str, str]] = set()
    for environment in cli.platform.environments():
        try:
            wanted = sealing.combination(cli.platform, parse_desired(files, environment), bumped)
        except InvalidInput as error:
            if any(path.startswith(f"{environment}/") for path in files):
                broken += [problem for problem in error.problems if problem not in broken]
            else:
                cli.out.note(f"{environment}: nothing to seal. The environment repo has no {environment}/.")
            continue
        except Terminal as error:
            cli.out.note(f"{environment}: nothing to seal. {error.message}")
            continue
        if (wanted.release, wanted.airflow) not in seen:
            seen.add((wanted.release, wanted.airflow))
            yield wanted


def _told(sealed: sealing.Sealed) -> str:
    done = "Sealed" if sealed.new else "Already sealed:"
    return f"{done} {sealed.combination} as release {sealed.manifest.id} (DAGs: {len(sealed.manifest.dags)})."


def _row(manifest: ArtifactManifest, new: bool) -> list[str]:
    stored = "new" if new else "already published"
    return [manifest.component.value, manifest.version, short(manifest.digest), stored]


def _document(manifest: ArtifactManifest, new: bool) -> dict[str, object]:
    return {
        "component": manifest.component.value,
        "version": manifest.version,
        "digest": manifest.digest,
        "new": new,
    }
