"""Seals a release: merges artifacts, parses them with the target's Airflow, and says of every DAG what it
depends on (its fingerprint) and what the scheduler does with it (its structure and calendar).

Called by the CLI's `publish` and `seal`, where Airflow can be run; never in a Lambda function. Never stores
anything: that is the artifact store's part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter, ValidationError

from reconciler.build.archive import pack, unpack
from reconciler.build.clean_parse import ParseReport, parse_cleanly
from reconciler.core.archive_rules import RELEASE, folded, path_problems
from reconciler.core.closure import ParsedDag, Parts, closure
from reconciler.core.identity import artifact_digest, fingerprint, release_id, sha256
from reconciler.core.pointer_file import LOADER
from reconciler.core.serialized_dag import calendar, structure
from reconciler.model.artifact import FileEntry
from reconciler.model.component import Component, component_of
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason
from reconciler.model.release import Archive, DagId, ReleaseManifest, SealedDag

OURS = "_reconciler_"
"""So the names of the reconciler's own modules begin, of each version: a DAG's pointer must not be one."""


def seal(
    archives: Mapping[Component, bytes],
    digests: Mapping[Component, str],
    airflow_python: Path,
    expected_airflow_version: str,
) -> tuple[ReleaseManifest, bytes]:
    """The release of some artifacts: its manifest and its ``release.tar.gz``.

    ``archives`` are the artifacts' bytes, ``digests`` what they must be. Raises ``Terminal``
    (``ArtifactFailed``) with every problem found, each with its file and, if known, line.
    """
    files = _merge(archives, digests)
    report = parse_cleanly(files, airflow_python)
    if report.airflow != expected_airflow_version:
        raise _refused(
            [f"{airflow_python} has Airflow {report.airflow}, the environment {expected_airflow_version}."],
            f"Seal with an environment that has apache-airflow=={expected_airflow_version}.",
        )
    problems = list(_problems(report, files))
    if problems:
        raise _refused(problems, "Correct these, publish a new version of the component, and seal that.")
    parts = closure(files, report.dags)
    archive = pack(files)
    unpack(archive, RELEASE)
    manifest = ReleaseManifest(
        id=release_id(digests),
        components=dict(digests),
        archive=Archive(sha256=sha256(archive), size=len(archive)),
        airflow_version=report.airflow,
        python_version=report.python,
        dags={
            dag_id: _sealed_dag(dag, parts[dag_id], report.airflow)
            for dag_id, dag in sorted(report.dags.items())
        },
    )
    return manifest, archive


def _sealed_dag(dag: ParsedDag, parts: Parts, airflow_version: str) -> SealedDag:
    serialized = json.loads(dag.serialized)
    return SealedDag(
        file=dag.file,
        fingerprint=fingerprint(parts),
        depends_on=tuple(sorted(parts)),
        structure=structure(serialized, airflow_version),
        calendar=calendar(serialized),
    )


def _merge(archives: Mapping[Component, bytes], digests: Mapping[Component, str]) -> dict[str, bytes]:
    if archives.keys() != digests.keys() or Component.DAGS not in archives:
        given = ", ".join(sorted(component.value for component in archives)) or "nothing"
        raise _refused(
            [f"A release needs the component dags, and a digest for each artifact; there is {given}."],
            "Name a version of dags in pointer.yaml.",
        )
    merged: dict[str, bytes] = {}
    for component, archive in archives.items():
        files = unpack(archive)
        entries = [FileEntry(path=path, sha256=sha256(body), size=len(body)) for path, body in files.items()]
        found = artifact_digest(component, entries)
        foreign = [path for path in files if component_of(path) is not component]
        if found != digests[component] or foreign:
            why = f"it holds {foreign[0]!r}" if foreign else f"its digest is {found}"
            raise _refused(
                [f"The artifact of {component.value} is not {digests[component]}: {why}."],
                "Find out who wrote to the artifact store, and publish the version again.",
            )
        merged |= files
    problems = path_problems(sorted(merged))
    if problems:
        raise _refused(problems, "Rename one of them.")
    return merged


def _problems(report: ParseReport, files: Mapping[str, bytes]) -> Iterator[str]:
    for file, text in report.errors.items():
        yield f"{_place(file, text)}: it does not import. {_last_line(text)}"
    for dag_id, owners in report.duplicates.items():
        where = f"{owners[0]}, more than once" if len(set(owners)) == 1 else ", ".join(owners)
        yield f"{owners[0]}: the dag_id {dag_id!r} is defined twice ({where})."
    for path, installed in report.hidden.items():
        yield (
            f"{path}: it has the name of an installed module ({installed}), and one would hide the other. "
            "Rename it."
        )
    yield from _id_problems(report, files)
    if not report.dags and not report.errors:
        yield "dags/: no file defines a DAG."


def _id_problems(report: ParseReport, files: Mapping[str, bytes]) -> Iterator[str]:
    packages = {
        top
        for path in files
        if path.endswith(".py")
        and len(parts := PurePosixPath(path).parts) > 2
        and parts[0] == "dags"
        and f"dags/{(top := parts[1])}/__init__.py" not in files
    }
    seen: dict[str, str] = {}
    for dag_id, dag in report.dags.items():
        where = f"{dag.file}: the dag_id {dag_id!r}"
        known = seen.setdefault(folded(dag_id), dag_id)
        if not _valid(dag_id):
            yield f"{where} cannot be a file name: use letters, digits, `_`, `-` and `.`, at most 200."
        elif _reserved(dag_id):
            yield f"{where} is a name that the reconciler or Python itself needs."
        elif dag_id in packages:
            yield (
                f"{where} is also the name of the folder dags/{dag_id}/, which its pointer would hide. "
                f"Rename one, or add dags/{dag_id}/__init__.py."
            )
        elif known != dag_id:
            yield f"{where} differs from {known!r} only by case."


def _reserved(dag_id: str) -> bool:
    ours = LOADER in dag_id or dag_id.startswith(OURS)
    return ours or (dag_id.startswith("__") and dag_id.endswith("__"))


def _valid(dag_id: str) -> bool:
    try:
        TypeAdapter(DagId).validate_python(dag_id)
    except ValidationError:
        return False
    return True


def _place(file: str, text: str) -> str:
    """``file:line`` of the deepest frame of a traceback that is in the release; else the DAG file."""
    frames = re.findall(r'File "((?:dags|dbt)/[^"]+)", line (\d+)', text)
    if not frames:
        return file
    path, line = frames[-1]
    return f"{path}:{line}" if path == file else f"{path}:{line} (imported by {file})"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _refused(problems: list[str], remedy: str) -> Terminal:
    return Terminal("\n".join(problems), remedy, Reason.ARTIFACT_FAILED)
