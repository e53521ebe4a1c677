"""A Git host for tests: a bare repo, people who push to it, and smart HTTP that asks for a token."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Mapping
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import urlsplit

from local.httpd import Handler, Server
from reconciler.adapters.git_rules import Identity

ANA = {
    "GIT_AUTHOR_NAME": "Ana",
    "GIT_AUTHOR_EMAIL": "ana@example.com",
    "GIT_COMMITTER_NAME": "Ana",
    "GIT_COMMITTER_EMAIL": "ana@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(*arguments: str, at: Path, stdin: bytes | None = None, by: Identity | None = None) -> str:
    """Run git as Ana, or as somebody else; its output."""
    who = {} if by is None else {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", by.name), ("EMAIL", by.email))
    }  # fmt: skip
    env = {**os.environ, **ANA, **who}
    done = subprocess.run(["git", *arguments], cwd=at, env=env, input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


class GitHost:
    """A bare repo below ``home`` and Ana's clone of it, with ``folder`` as the environment folder."""

    def __init__(self, home: Path, *, filters: bool = True, folder: str = "environments") -> None:
        self.bare, self._work, self._folder = home / "platform.git", home / "ana", folder
        git("init", "--quiet", "--bare", "--initial-branch=main", str(self.bare), at=home)
        git("config", "uploadpack.allowFilter", str(filters).lower(), at=self.bare)
        git("config", "http.receivepack", "true", at=self.bare)
        git("init", "--quiet", "--initial-branch=main", str(self._work), at=home)
        git("remote", "add", "origin", str(self.bare), at=self._work)

    @property
    def url(self) -> str:
        """Where it can be cloned from on this machine."""
        return f"file://{self.bare}"

    def person_pushes(
        self,
        files: Mapping[str, bytes | None],
        message: str = "Change",
        *,
        onto: str | None = None,
        by: Identity | None = None,
    ) -> str:
        """As ``MemoryEnvironmentRepo.person_pushes``."""
        git("fetch", "--quiet", "origin", at=self._work)
        base = onto or git(
            "for-each-ref", "--format=%(objectname)", "refs/remotes/origin/main", at=self._work
        )
        if base:
            git("reset", "--quiet", "--hard", base, at=self._work)
        for path, body in files.items():
            self._write(self._work / self._folder / path, body)
        git("add", "--all", at=self._work)
        git("commit", "--quiet", "--allow-empty", "-m", message, at=self._work, by=by)
        git("push", "--quiet", "--force", "origin", "HEAD:main", at=self._work)
        return git("rev-parse", "HEAD", at=self._work)

    def rewind(self, revision: str) -> None:
        """Move the branch to an older commit."""
        git("update-ref", "refs/heads/main", revision, at=self.bare)

    def branch(self, name: str, revision: str) -> None:
        """Let another branch begin at a commit."""
        git("update-ref", f"refs/heads/{name}", revision, at=self.bare)

    def tip(self) -> str:
        """The branch's commit, asked of the bare repo itself."""
        return git("rev-parse", "refs/heads/main", at=self.bare)

    def show(self, path: str, revision: str = "main") -> bytes:
        """A file's content at a commit; path from the repo's root."""
        return subprocess.run(
            ["git", "show", f"{revision}:{path}"], cwd=self.bare, capture_output=True, check=True
        ).stdout

    def _write(self, file: Path, body: bytes | None) -> None:
        if body is None:
            file.unlink(missing_ok=True)
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)


def serve(host: GitHost, token: str | None) -> Server:
    """Smart HTTP for a host's repo on a free port; with ``token`` nobody else gets in. Close it."""
    wanted = base64.b64encode(f"x-access-token:{token}".encode()).decode()

    class GitHandler(Handler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.body()
            if token is not None and self.headers.get("Authorization") != f"Basic {wanted}":
                return self.reply(401, b"who are you?", {"WWW-Authenticate": 'Basic realm="git"'})
            answer = _backend(host.bare.parent, self, body)
            head, _, content = answer.partition(b"\r\n\r\n")
            fields = dict(BytesParser().parsebytes(head).items())
            return self.reply(int(fields.pop("Status", "200").split()[0]), content, fields)

    server = Server(0, GitHandler)
    server.start()
    return server


def _backend(root: Path, request: Handler, body: bytes) -> bytes:
    """git-http-backend(1) for one request."""
    url = urlsplit(request.path)
    env = {
        **os.environ,
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REQUEST_METHOD": request.command,
        "PATH_INFO": url.path,
        "QUERY_STRING": url.query,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_USER": "reconciler",
        "REMOTE_ADDR": "127.0.0.1",
    }
    return subprocess.run(
        ["git", "http-backend"], env=env, input=body, capture_output=True, check=False
    ).stdout
