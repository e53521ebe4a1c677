"""A Git server: smart HTTP over git's own `http-backend`, pushes allowed, webhooks after each push.

`python -m local.git_server PORT REPOSITORIES WEBHOOKS`, on a leash. Serves every `*.git` below REPOSITORIES.
As with GitHub, a push is answered before its webhook is sent. Loopback only, no authentication.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import tempfile
import threading
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import urlsplit

from local.git_repos import PUSHED_TO, environment, push_payload
from local.httpd import Handler, Server
from local.webhooks import Webhooks


class GitServer:
    """The server's parts: requests go to git, finished pushes to the webhooks' thread."""

    def __init__(self, port: int, repositories: Path, webhooks: Webhooks) -> None:
        self.repositories, self.webhooks = repositories, webhooks
        self.url = f"http://127.0.0.1:{port}"
        self.pushes: queue.Queue[tuple[Path, str]] = queue.Queue()
        self.http = Server(port, self._handler())

    def run(self) -> None:
        """Serve until told to end."""
        threading.Thread(target=self._send_webhooks, daemon=True).start()
        self.http.serve_until_told()

    def _send_webhooks(self) -> None:
        while True:
            repo, lines = self.pushes.get()
            for line in lines.splitlines():
                old, new, ref = line.split(" ", 2)
                payload = push_payload(repo, f"{self.url}/{repo.name}", old, new, ref)
                sent = self.webhooks.pushed(payload)
                print(f"push {repo.name} {ref} {new[:8]}: webhook {sent.status if sent else '-'}", flush=True)

    def _handler(self) -> type[Handler]:
        server = self

        class GitHandler(Handler):
            def do_GET(self) -> None:
                self._run_git()

            def do_POST(self) -> None:
                self._run_git()

            def _run_git(self) -> None:
                url, body = urlsplit(self.path), self.body()
                repo = server.repositories / url.path.lstrip("/").split("/")[0]
                with tempfile.NamedTemporaryFile("r", suffix=".pushed") as pushed:
                    answer = _backend(server.repositories, self, body, pushed.name)
                    lines = pushed.read()
                head, _, content = answer.partition(b"\r\n\r\n")
                fields = dict(BytesParser().parsebytes(head).items())
                status = int(fields.pop("Status", "200").split()[0])
                self.reply(status, content, fields)
                if lines:
                    server.pushes.put((repo, lines))

        return GitHandler


def _backend(root: Path, request: Handler, body: bytes, pushed: str) -> bytes:
    """Run git's CGI program (git-http-backend(1)) for one request; returns head and body."""
    url = urlsplit(request.path)
    env = {
        **environment(),
        PUSHED_TO: pushed,
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REQUEST_METHOD": request.command,
        "PATH_INFO": url.path,
        "QUERY_STRING": url.query,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_ADDR": "127.0.0.1",
    }
    done = subprocess.run(["git", "http-backend"], env=env, input=body, stdout=subprocess.PIPE, check=False)
    return done.stdout or b"Status: 500 Internal Server Error\r\n\r\n"


def main(port: int, repositories: Path, webhooks: Path) -> None:
    """Serve until told to end."""
    GitServer(port, repositories, Webhooks(webhooks)).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
