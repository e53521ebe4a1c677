"""A push reaches the function URL as GitHub's signed webhook, or is lost when a test wants it lost."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from local.aws import client
from local.git_repos import create, git, seed
from local.processes import wait_until
from local.stack_info import StackInfo

pytestmark = pytest.mark.stack


@pytest.fixture
def clone(light: StackInfo, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "--quiet", light.git_url, "clone")
    return tmp_path / "clone"


def commit_and_push(clone: Path, text: str) -> str:
    git(clone, "checkout", "-q", "-B", "main")
    (clone / "file").write_text(text)
    git(clone, "add", "file")
    git(clone, "commit", "-q", "-m", text)
    git(clone, "push", "-q", "origin", "main")
    return git(clone, "rev-parse", "HEAD")


def received(info: StackInfo) -> dict[str, Any]:
    s3 = client("s3", info.aws_endpoint)
    listed = s3.list_objects_v2(Bucket=info.artifact_bucket, Prefix="webhook")
    if not listed.get("Contents"):
        return {"body": '{"after": null}', "headers": {}}
    body = s3.get_object(Bucket=info.artifact_bucket, Key="webhook")["Body"].read()
    return dict(json.loads(body))


def last_commit(info: StackInfo) -> str | None:
    return json.loads(received(info)["body"])["after"]


def test_a_push_is_delivered_with_a_signature_that_holds(light: StackInfo, clone: Path) -> None:
    commit = commit_and_push(clone, "signed")
    wait_until(lambda: last_commit(light) == commit, 20, "the webhook arrives")
    event = received(light)
    headers = {name.lower(): value for name, value in event["headers"].items()}
    key = client("secretsmanager", light.aws_endpoint).get_secret_value(SecretId=light.webhook_secret)
    expected = hmac.new(key["SecretString"].encode(), event["body"].encode(), hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={expected}"
    assert headers["x-github-event"] == "push"
    payload = json.loads(event["body"])
    assert payload["ref"] == "refs/heads/main"
    assert payload["head_commit"]["id"] == commit
    wait_until(lambda: light.webhooks.recorded()[-1].status == 200, 10, "its answer is recorded")


def test_a_lost_webhook_is_recorded_and_can_be_sent_again(light: StackInfo, clone: Path) -> None:
    light.webhooks.pause()
    try:
        commit = commit_and_push(clone, "lost")
        wait_until(lambda: light.webhooks.recorded()[-1].after == commit, 20, "it is recorded")
        lost = light.webhooks.recorded()[-1]
        assert lost.status is None
        assert last_commit(light) != commit
    finally:
        light.webhooks.resume()
    assert light.webhooks.redeliver(lost) == 200
    assert last_commit(light) == commit
    assert light.webhooks.recorded()[-1].id == lost.id


def test_a_forced_push_is_called_forced(light: StackInfo, clone: Path) -> None:
    commit_and_push(clone, "before")
    git(clone, "commit", "-q", "--amend", "-m", "rewritten")
    git(clone, "push", "-q", "--force", "origin", "main")
    commit = git(clone, "rev-parse", "HEAD")
    wait_until(lambda: light.webhooks.recorded()[-1].after == commit, 20, "it is recorded")
    assert json.loads(light.webhooks.recorded()[-1].body)["forced"] is True


def test_a_seed_becomes_the_first_commit(tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (content / "reconciler.yaml").write_text("a: 1\n")
    repo = create(tmp_path, "seeded.git")
    commit = seed(repo, content, below="environments")
    assert git(repo, "rev-parse", "main") == commit
    assert git(repo, "show", "main:environments/reconciler.yaml") == "a: 1"
