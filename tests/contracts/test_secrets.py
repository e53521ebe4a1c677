"""What every reader of secrets guarantees: the text, or a refusal that names the reference and no secret."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from reconciler.adapters.memory import MemoryClock, MemorySecrets
from reconciler.adapters.secrets import SecretsManager
from reconciler.model.errors import Terminal


class Secrets(Protocol):
    def get(self, reference: str) -> str: ...


@pytest.fixture(params=["twin", "secretsmanager"])
def secrets(request: pytest.FixtureRequest, clock: MemoryClock) -> Secrets:
    if request.param == "twin":
        return MemorySecrets({"repo-token": "hush"})
    client = request.getfixturevalue("aws").client("secretsmanager")
    client.create_secret(Name="repo-token", SecretString="hush")
    return SecretsManager(client, clock)


def test_a_secret_is_read(secrets: Secrets) -> None:
    assert secrets.get("repo-token") == "hush"


def test_an_absent_secret_is_named(secrets: Secrets) -> None:
    with pytest.raises(Terminal, match=r"absent-token.*correct the reference"):
        secrets.get("absent-token")


def test_a_rotation_is_noticed_after_five_minutes(aws: Any, clock: MemoryClock) -> None:
    client = aws.client("secretsmanager")
    client.create_secret(Name="repo-token", SecretString="old")
    reader = SecretsManager(client, clock)
    assert reader.get("repo-token") == "old"
    client.put_secret_value(SecretId="repo-token", SecretString="new")
    clock.advance(299)
    assert reader.get("repo-token") == "old"
    clock.advance(1)
    assert reader.get("repo-token") == "new"


def test_a_binary_secret_is_refused(aws: Any, clock: MemoryClock) -> None:
    client = aws.client("secretsmanager")
    client.create_secret(Name="binary", SecretBinary=b"\0hush")
    with pytest.raises(Terminal, match="holds no text"):
        SecretsManager(client, clock).get("binary")
