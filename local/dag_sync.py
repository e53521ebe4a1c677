"""Copies a DAG bucket to folders as MWAA's containers do: each on its own clock, file by file, deletions too.

`python -m local.dag_sync ENDPOINT BUCKET FOLDER:INTERVAL:OFFSET...`, on a leash. INTERVAL is the seconds
between two copies of a folder, OFFSET the seconds before its first: containers that started at different
moments see different states, as on MWAA. Like `aws s3 sync --delete`, a file is whole or absent, a folder
may be half new. Never writes to the bucket.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import client

PREFIX = "dags/"


@dataclass(frozen=True)
class Container:
    """One container's folder and clock."""

    folder: Path
    interval: float
    offset: float

    def argument(self) -> str:
        """As it is given on the command line."""
        return f"{self.folder}:{self.interval}:{self.offset}"

    @staticmethod
    def parse(argument: str) -> Container:
        """From the command line."""
        folder, interval, offset = argument.rsplit(":", 2)
        return Container(Path(folder), float(interval), float(offset))


@dataclass
class Copy:
    """One folder's copy of the bucket and the etags of what it holds."""

    s3: Any
    bucket: str
    folder: Path
    etags: dict[str, str] = field(default_factory=dict)

    def once(self) -> list[str]:
        """Bring the folder up to date, in the order of the keys; returns what was changed."""
        wanted = self._list()
        changed = []
        for key in sorted(wanted.keys() | self._present()):
            if key not in wanted:
                self._delete(key)
            elif self.etags.get(key) != wanted[key] or not (self.folder / key).exists():
                self._fetch(key)
            else:
                continue
            changed.append(key)
        return changed

    def _list(self) -> dict[str, str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=PREFIX)
        found = {
            item["Key"][len(PREFIX) :]: item["ETag"] for page in pages for item in page.get("Contents", [])
        }
        return {key: etag for key, etag in found.items() if key and not key.endswith("/")}

    def _present(self) -> set[str]:
        files = {path for path in self.folder.rglob("*") if path.is_file()}
        return {str(path.relative_to(self.folder)) for path in files if "__pycache__" not in path.parts}

    def _fetch(self, key: str) -> None:
        path = self.folder / key
        # Never outside the folder, whatever a key is called.
        if self.folder.resolve() not in path.resolve().parents:
            raise ValueError(f"{key} leads out of {self.folder}")
        answer = self.s3.get_object(Bucket=self.bucket, Key=PREFIX + key)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(answer["Body"].read())
        part.rename(path)
        self.etags[key] = answer["ETag"]

    def _delete(self, key: str) -> None:
        (self.folder / key).unlink(missing_ok=True)
        self.etags.pop(key, None)


def keep(copy: Copy, container: Container) -> None:
    """Copy for ever on the container's clock. Trouble is printed; the next round tries again."""
    pause = threading.Event()
    pause.wait(container.offset)
    while True:
        try:
            changed = copy.once()
            if changed:
                print(f"{container.folder.name}: {', '.join(changed)}", flush=True)
        except (BotoCoreError, ClientError, OSError, ValueError) as error:
            print(f"{container.folder.name}: {error}", flush=True)
        pause.wait(container.interval)


def main(endpoint: str, bucket: str, containers: list[Container]) -> None:
    """Keep all folders up to date until killed."""
    threads = []
    for container in containers:
        container.folder.mkdir(parents=True, exist_ok=True)
        copy = Copy(client("s3", endpoint), bucket, container.folder)
        threads.append(threading.Thread(target=keep, args=(copy, container), daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], [Container.parse(argument) for argument in sys.argv[3:]])
