"""A DAG folder for tests of the loader: releases, pointers and the loader, as the reconciler writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from reconciler.build.archive import pack
from reconciler.build.loader import loader_files
from reconciler.core.identity import sha256
from reconciler.core.pointer_file import pointer_key, release_key, render
from reconciler.model.plan import DagPointer, HistoryEntry
from tests.loader.parser import Parser

PAST = datetime(2026, 1, 1, tzinfo=UTC)
Files = Mapping[str, bytes]


def dag_source(dag_id: str, *, doc: str = "None", top: str = "", body: str = "pass") -> bytes:
    """A DAG file whose `doc_md` is an expression, with statements on top and in the DAG's context."""
    return (
        f"from airflow.sdk import DAG\n{top}\n"
        f"with DAG({dag_id!r}, schedule=None, tags=['own'], doc_md={doc}):\n    {body}\n"
    ).encode()


class DagFolder:
    """Airflow's DAG folder at ``root``, with a cache of its own."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root, self.cache = root, cache
        root.mkdir(parents=True, exist_ok=True)
        self._releases: dict[str, bytes] = {}
        for key, body in loader_files().items():
            (root / key).write_bytes(body)

    def release(self, files: Files, *, arrived: bool = True) -> str:
        """Make a release of these files; its id."""
        body = pack(files)
        release = sha256(body)[:16]
        self._releases[release] = body
        if arrived:
            self.put(release)
        return release

    def put(self, release: str, body: bytes | None = None) -> None:
        """Let a release's archive arrive, or other bytes in its place."""
        target = self.root / release_key(release)
        target.parent.mkdir(exist_ok=True)
        temporary = target.with_suffix(".tmp")
        temporary.write_bytes(self._releases[release] if body is None else body)
        temporary.replace(target)

    def remove(self, release: str) -> None:
        """Delete a release's archive."""
        (self.root / release_key(release)).unlink()

    def archive(self, release: str) -> bytes:
        """A release's bytes."""
        return self._releases[release]

    def cached(self) -> list[str]:
        """The ids of the releases that are unpacked in the cache."""
        return sorted(folder.name.partition("-")[0] for folder in self.cache.glob("[0-9a-f]*"))

    def point(
        self,
        dag_id: str,
        *releases: str,
        file: str | None = None,
        since: Sequence[datetime] = (),
    ) -> Path:
        """Write a DAG's pointer: releases newest first, each used since a time in the past by default."""
        times = list(since) or [PAST - timedelta(days=n) for n in range(len(releases))]
        entries = tuple(
            HistoryEntry(
                release=release,
                archive_sha256=sha256(self._releases[release]),
                file=file or f"dags/{dag_id}.py",
                since=when,
            )
            for release, when in zip(releases, times, strict=True)
        )
        pointer = DagPointer(dag_id=dag_id, history=entries)
        path = self.root / pointer_key(dag_id)
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(render(pointer, "print('source')\n"))
        temporary.replace(path)
        return path

    def parse(self, parser: Parser, *dag_ids: str, **env: str) -> dict[str, Any]:
        """Parse these DAGs' pointers in one process; ``dags``, the ``log`` and ``sys.path`` afterwards."""
        paths = [self.root / pointer_key(dag_id) for dag_id in dag_ids]
        return parser.parse(self.root, paths, {"RECONCILER_RELEASE_CACHE": str(self.cache), **env})
