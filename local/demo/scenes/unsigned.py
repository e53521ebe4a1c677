"""The webhook's URL is public: what is not signed with the shared key is refused before it is read."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping

from local.demo.checks import told
from local.demo.checks.check import Check
from local.demo.scenes.scene import Scene
from local.demo.story import Story

SIGNATURE = "X-Hub-Signature-256"
UNAUTHORIZED = 401

UNSIGNED = Check("a webhook without a signature is refused (401)", "webhook", told.answered)
FORGED = Check("a webhook signed with another key is refused (401)", "webhook", told.answered)


def play(story: Story) -> None:
    """What anybody on the internet can try."""
    webhook = story.info.webhooks.recorded()[-1]
    bare = {name: value for name, value in webhook.headers.items() if name != SIGNATURE}
    forged = {**bare, SIGNATURE: "sha256=" + "0" * 64}
    for check, headers in ((UNSIGNED, bare), (FORGED, forged)):
        status = _post(story.info.webhook_url, webhook.body, headers)
        story.judge(check, told.Answers((status,), UNAUTHORIZED))


def _post(url: str, body: str, headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(url, body.encode(), dict(headers), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


SCENE = Scene(
    "Webhooks that nobody signed",
    "The address is public. Without the shared key it can not even make the reconciler look.",
    (UNSIGNED, FORGED),
    play,
)
