"""Push webhooks as GitHub sends them: built, signed, recorded, delivered (or, on request, lost).

The Git server calls `Webhooks.pushed`; tests and the demo use the rest: `pause` loses deliveries, `recorded`
lists them, `redeliver` sends one again, bytes and id unchanged. Shared between processes through a folder.
Like GitHub it delivers once and never retries by itself.
https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

TIMEOUT = 10  # seconds; GitHub gives up after as many


@dataclass(frozen=True)
class Target:
    """Where webhooks go and the key that signs them: what one enters in GitHub's settings."""

    url: str
    secret: str


@dataclass(frozen=True)
class Delivery:
    """A recorded webhook. `status` is the answer's HTTP status: 0 = no answer, None = never sent."""

    id: str
    at: float
    body: str
    headers: dict[str, str]
    status: int | None = None

    @property
    def after(self) -> str:
        """The commit that was pushed."""
        return str(json.loads(self.body)["after"])


@dataclass(frozen=True)
class Webhooks:
    """The webhooks of one Git server; `folder` is their memory."""

    folder: Path

    def aim(self, target: Target) -> None:
        """Set where they go from now on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / "target.json", asdict(target))

    def pause(self) -> None:
        """Lose deliveries from now on (they are still recorded)."""
        (self.folder / "paused").touch()

    def resume(self) -> None:
        """Deliver again from now on; what was lost stays lost."""
        (self.folder / "paused").unlink(missing_ok=True)

    def recorded(self) -> list[Delivery]:
        """Every webhook so far, oldest first."""
        files = (self.folder / "deliveries").glob("*.json")
        found = [Delivery(**json.loads(file.read_text())) for file in files]
        return sorted(found, key=lambda delivery: delivery.at)

    def redeliver(self, delivery: Delivery) -> int:
        """Send a recorded webhook once more, even while paused; returns the HTTP status (0: no answer)."""
        return self._send(delivery).status or 0

    def pushed(self, payload: dict[str, Any]) -> Delivery | None:
        """Record a push and deliver it unless paused. None while nobody has set a target."""
        if not (self.folder / "target.json").exists():
            return None
        delivery = sign(payload, self._target().secret)
        self._record(delivery)
        return delivery if (self.folder / "paused").exists() else self._send(delivery)

    def _send(self, delivery: Delivery) -> Delivery:
        request = urllib.request.Request(
            self._target().url, delivery.body.encode(), delivery.headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                status = int(answer.status)
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError:
            status = 0
        sent = replace(delivery, status=status)
        self._record(sent)
        return sent

    def _record(self, delivery: Delivery) -> None:
        folder = self.folder / "deliveries"
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / f"{delivery.id}.json", asdict(delivery))

    def _target(self) -> Target:
        return Target(**json.loads((self.folder / "target.json").read_text()))


def sign(payload: dict[str, Any], secret: str) -> Delivery:
    """A webhook as GitHub would send it, with an id of its own; not recorded and not sent."""
    body, delivery = json.dumps(payload), str(uuid.uuid4())
    signature = hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/local",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    return Delivery(delivery, time.time(), body, headers)


def _write(path: Path, document: dict[str, Any]) -> None:
    """Whole or not at all: other processes read these files."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    part.write_text(json.dumps(document))
    part.rename(path)
