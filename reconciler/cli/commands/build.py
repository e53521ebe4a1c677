"""``reconciler build``: makes artifacts of the committed files and runs the gates on them. Stores nothing."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import dist
from reconciler.cli.context import Cli, OutputOption, begin
from reconciler.cli.output import Format, short, size
from reconciler.core.semver import precedence
from reconciler.model.component import Component
from reconciler.model.errors import ReconcilerError, Terminal
from reconciler.model.reason import Reason

if TYPE_CHECKING:
    from reconciler.model.artifact import ArtifactManifest

ComponentsArgument = Annotated[
    list[Component] | None, typer.Argument(metavar="[COMPONENT]...", help="dags, libs, dbt; all by default.")
]


def build(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    ctx: typer.Context,
    version: Annotated[str, typer.Option("--version", help="The new version (semver), like 1.8.0.")],
    components: ComponentsArgument = None,
    source: Annotated[Path, typer.Option(help="The top folder of the code repo.")] = Path(),
    parent: Annotated[
        str | None, typer.Option(help="The version before it, since which authors are counted.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where to write.")] = dist.DIST,
    output: OutputOption = Format.TEXT,
) -> None:
    """Build artifacts of the commit that is checked out."""
    from reconciler.build.package import build_component

    cli = begin(ctx, output)
    built: list[tuple[ArtifactManifest, Path, int]] = []
    for component in components or list(Component):
        before = _parent(cli, out, component, parent) if parent else None
        manifest, archive = build_component(source, component, version, before)
        built.append((manifest, dist.write(out, manifest, archive), len(archive)))
    if parent is None:
        _warn(cli, [manifest for manifest, _, _ in built])
    cli.out.document({"artifacts": [_document(manifest, folder) for manifest, folder, _ in built]})
    cli.out.table(
        ["component", "version", "files", "size", "packed", "digest", "gates"],
        [_row(manifest, packed) for manifest, _, packed in built],
    )
    cli.out.line(f"Wrote {', '.join(str(folder) for _, folder, _ in built)}.")
    names = " ".join(manifest.component.value for manifest, _, _ in built) if components else ""
    cli.out.line(f"Next: reconciler publish {names + ' ' if names else ''}--version {version}")


def _parent(cli: Cli, folder: Path, component: Component, version: str) -> ArtifactManifest:
    """The parent's manifest: from the folder if it was built here, else from the artifact store."""
    if dist.folder_of(folder, component, version).is_dir():
        return dist.read(folder, component, version)[0]
    artifacts = cli.platform.artifacts()
    digest = artifacts.resolve(component, version)
    if digest is None:
        raise Terminal(
            f"The parent {component} {version} is neither in {folder} nor published.",
            "Name the version that came before, or leave --parent out for the first one.",
            Reason.ARTIFACT_FAILED,
        )
    return artifacts.manifest(component, digest)


def _warn(cli: Cli, orphans: list[ArtifactManifest]) -> None:
    """Tell of versions that have one before them: who wrote what cannot be told, and that stays so."""
    before = defaultdict[str, list[str]](list)
    for manifest in orphans:
        if (earlier := _before(cli, manifest)) is not None:
            before[earlier].append(manifest.component.value)
    for earlier, parts in sorted(before.items()):
        what = f"{' '.join(parts)} --version {orphans[0].version}"
        cli.out.note(
            f"warning: {', '.join(parts)} {orphans[0].version} has no parent, though {earlier} is published: "
            "everybody who ever touched it counts as its author, and no author may approve it.\n"
            f"→ Before you publish it: reconciler build {what} --parent {earlier}",
            colour="yellow",
        )


def _before(cli: Cli, manifest: ArtifactManifest) -> str | None:
    """The newest published version before this one; None too where there is no store to ask."""
    try:
        published = cli.platform.artifacts().versions(manifest.component)
    except ReconcilerError:
        return None
    older = (one for one in published if precedence(one) < precedence(manifest.version))
    return max(older, key=precedence, default=None)


def _document(manifest: ArtifactManifest, folder: Path) -> dict[str, object]:
    return {
        "component": manifest.component.value,
        "version": manifest.version,
        "parent": manifest.parent,
        "digest": manifest.digest,
        "folder": str(folder),
        "files": len(manifest.files),
        "bytes": sum(entry.size for entry in manifest.files),
        "commit": manifest.commit,
        "authors": list(manifest.authors),
        "gates": [gate.to_json() for gate in manifest.gates],
    }


def _row(manifest: ArtifactManifest, packed: int) -> list[str]:
    passed = sum(gate.passed for gate in manifest.gates)
    return [
        manifest.component.value,
        manifest.version,
        str(len(manifest.files)),
        size(sum(entry.size for entry in manifest.files)),
        size(packed),
        short(manifest.digest),
        f"{passed} of {len(manifest.gates)} passed",
    ]
