"""What somebody with the right to write into the artifact store could put there."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.adapters.s3_artifacts import S3ArtifactStore
from reconciler.cli.exit_codes import ExitCode
from reconciler.core.identity import sha256
from reconciler.model.reason import Reason
from tests.bad_input.stage import Case, Stage
from tests.builders import tar_gz

BUCKET = "artifacts"
GOOD = {"dags/one.py": b"other graph: a", "dags/two.py": b"other graph: b"}


class Store(Stage):
    """The stage with its artifacts on S3, and somebody who writes there past the reconciler."""

    def __init__(self, client: Any) -> None:
        super().__init__()
        self._client = client
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.replace(artifacts=S3ArtifactStore(client, BUCKET))
        self._kept: dict[str, bytes] = {}

    def begin(self) -> None:
        """As ever; then 1.1.0 is asked for, which nobody has looked at yet."""
        super().begin()
        self.scene.push("1.1.0")
        (self.release,) = (
            key.split("/")[1]
            for key in self.keys("releases/")
            if key.endswith("manifest.json") and key.split("/")[1] != self._first
        )

    @property
    def _first(self) -> str:
        applied = self.scene.state.applied
        assert applied is not None
        return applied.release

    def keys(self, prefix: str) -> list[str]:
        listed = self._client.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"] for entry in listed["Contents"]]

    def put(self, key: str, body: bytes | None) -> None:
        """Write or delete an object, remembering what it was."""
        self._kept[key] = self._client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        if body is None:
            self._client.delete_object(Bucket=BUCKET, Key=key)
        else:
            self._client.put_object(Bucket=BUCKET, Key=key, Body=body)

    def replace_release(self, archive: bytes) -> None:
        """Other bytes, and a manifest that fits them: the digest alone gives nothing away."""
        manifest = json.loads(self._client.get_object(Bucket=BUCKET, Key=self.manifest)["Body"].read())
        manifest["archive"] = {"sha256": sha256(archive), "size": len(archive)}
        self.put(f"releases/{self.release}/release.tar.gz", archive)
        self.put(self.manifest, json.dumps(manifest).encode())

    @property
    def manifest(self) -> str:
        """The key of the release's manifest."""
        return f"releases/{self.release}/manifest.json"

    def restore(self) -> None:
        """As the remedy says: the older versions of the objects."""
        for key, body in self._kept.items():
            self._client.put_object(Bucket=BUCKET, Key=key, Body=body)


def tar(*extra: tarfile.TarInfo, body: bytes = b"x") -> bytes:
    """The good release and something besides."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as made:
        for path, content in GOOD.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
        for entry in extra:
            entry.size = len(body) if entry.isreg() else 0
            made.addfile(entry, io.BytesIO(body))
    return gzip.compress(raw.getvalue(), mtime=0)


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode = kind, target, mode
    if "\0" in name:
        made.pax_headers = {"path": name}  # the plain header's names end there
    return made


def bomb() -> bytes:
    """64 MiB in 64 KiB."""
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed:
        header = tarfile.TarInfo("dags/one.py")
        header.size = 2**26
        packed.write(header.tobuf())
        packed.write(bytes(2**26))
    return raw.getvalue()


def spoilt(do: Callable[[Store], None], *says: str, shown: bool = False) -> Case:
    def spoil(stage: Stage) -> None:
        assert isinstance(stage, Store)
        do(stage)

    def mend(stage: Stage) -> None:
        assert isinstance(stage, Store)
        stage.restore()

    # `plan` opens no archive; what the tick has found in one is shown by `status`.
    seen = {"command": ("status", "dev"), "exit_code": ExitCode.OK} if shown else {}
    return Case(spoil=spoil, says=says, reason=Reason.ARTIFACT_FAILED, mend=mend, **seen)  # type: ignore[arg-type]


def released(archive: bytes, *says: str) -> Case:
    return spoilt(lambda store: store.replace_release(archive), *says, "find out who wrote it", shown=True)


def stored(key: str, body: bytes | None, *says: str, shown: bool = False) -> Case:
    def do(store: Store) -> None:
        (found,) = (one for one in store.keys("") if key.format(release=store.release) in one)
        store.put(found, body)

    return spoilt(do, *says, shown=shown)


RELEASE_KEY = "releases/{release}/release.tar.gz"
MANIFEST_KEY = "releases/{release}/manifest.json"
VERSION_KEY = "versions/dags/1.1.0.json"

STORED: dict[str, Case] = {
    "version file that is no JSON": stored(
        VERSION_KEY, b"{", "versions/dags/1.1.0.json is not what was stored"
    ),
    "version file with a path for a digest": stored(
        VERSION_KEY, b'{"digest": "../../etc"}', "versions/dags/1.1.0.json is not what was stored"
    ),
    "version file gone": stored(VERSION_KEY, None, "dags 1.1.0 was never published"),
    "manifest that is no JSON": stored(
        MANIFEST_KEY, b"\xff", "manifest.json is not what was stored", "restore"
    ),
    "manifest that lacks what it needs": stored(
        MANIFEST_KEY, b"{}", "it cannot be read (missing)", "restore"
    ),
    "manifest gone": stored(MANIFEST_KEY, None, "not sealed"),
    "manifest of another release": spoilt(
        lambda store: store.put(
            store.manifest,
            json.dumps(
                store.scene.artifacts.release(store._first).to_json()  # type: ignore[union-attr]
            ).encode(),
        ),
        "it describes another release",
    ),
}

ARCHIVES: dict[str, Case] = {
    "other bytes": stored(
        RELEASE_KEY, tar_gz({"dags/one.py": b"evil"}), "sha256", "its manifest says", shown=True
    ),
    "cut off": stored(RELEASE_KEY, tar_gz(GOOD)[:-20], "its manifest says", shown=True),
    "gone": stored(RELEASE_KEY, None, "There is no release", "reconciler seal", shown=True),
    "no archive at all": released(b"no archive", "cannot be read as a .tar.gz"),
    "gzip that is cut off": released(tar()[:-30], "cannot be read as a .tar.gz: it is cut off"),
    "path escape": released(
        tar(member("dags/../../x.py")), "'dags/../../x.py', which has an empty, `.` or `..`"
    ),
    "absolute path": released(tar(member("/etc/cron.d/x")), "'/etc/cron.d/x', which is absolute"),
    "symbolic link": released(tar(member("dags/l.py", tarfile.SYMTYPE, "/etc/passwd")), "not a plain file"),
    "hard link": released(tar(member("dags/l.py", tarfile.LNKTYPE, "dags/one.py")), "not a plain file"),
    "device": released(tar(member("dags/d", tarfile.CHRTYPE)), "'dags/d', which is not a plain file"),
    "FIFO": released(tar(member("dags/d", tarfile.FIFOTYPE)), "'dags/d', which is not a plain file"),
    "directory": released(tar(member("dags/sub", tarfile.DIRTYPE)), "which is not a plain file"),
    "set-uid": released(tar(member("dags/s", mode=0o4755)), "'dags/s', which is not a plain file"),
    "same path twice": released(tar(member("dags/one.py")), "'dags/one.py' twice"),
    "same path in capitals": released(tar(member("dags/ONE.py")), "'dags/ONE.py' twice"),
    "NUL in a name": released(tar(member("dags/a\0b.py")), "which has a backslash, a control character"),
    "line break in a name": released(
        tar(member("dags/a\n.py")), "which has a backslash, a control character"
    ),
    "backslash in a name": released(tar(member("dags\\a.py")), "which has a backslash, a control character"),
    "compiled Python": released(tar(member("dags/one.pyc")), "is compiled Python"),
    "very long name": released(tar(member("dags/" + "n" * 300)), "is longer than"),
    "bomb": released(bomb(), "The archive unpacks to more than"),
    "header bomb": released(
        gzip.compress(member("dags/one.py", b"x").tobuf()[:124] + b"77777777777\0" + bytes(376)),
        "cannot be read as a .tar.gz",
    ),
    "DAG file missing": released(tar_gz({"dags/one.py": b"x"}), "lacks DAG files: dags/two.py"),
}


@pytest.fixture
def store(aws: Any) -> Store:
    made = Store(aws.client("s3"))
    made.begin()
    return made


@pytest.mark.parametrize("case", STORED)
def test_what_describes_it(case: str, store: Store) -> None:
    STORED[case].play(store)


@pytest.mark.parametrize("case", ARCHIVES)
def test_its_bytes(case: str, store: Store) -> None:
    ARCHIVES[case].play(store)
    # What was refused never came near Airflow.
    assert store.scene.folder.read(f"_releases/{store.release}.tar.gz") == tar_gz(GOOD)
