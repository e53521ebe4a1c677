"""The real looks at the caller's machine and at the queue: git's identity, Python's Airflow, SQS."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from reconciler.adapters.queue_probe import look
from reconciler.cli import interpreters
from reconciler.cli.git_person import git, git_person, signing_key
from reconciler.cli.platform import Person
from reconciler.model.errors import Terminal


@pytest.fixture
def repo(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repo without an identity, on a machine without one."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    subprocess.run(["git", "init", "-q"], check=True)
    return folder


def _fake_python(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_callers_identity(repo: Path) -> None:
    git("config", "user.name", "Ana")
    git("config", "user.email", "ana@example.com")

    assert git_person() == Person("Ana", "ana@example.com")


SIGNS = {"commit.gpgSign": "yes", "gpg.format": "ssh", "user.signingKey": "~/.ssh/id_ed25519.pub"}


@pytest.mark.parametrize(
    ("otherwise", "key"),
    [
        ({}, "~/.ssh/id_ed25519.pub"),
        ({"commit.gpgSign": "false"}, ""),
        ({"commit.gpgSign": ""}, ""),
        ({"gpg.format": "openpgp"}, ""),
        ({"gpg.format": ""}, ""),
        ({"user.signingKey": ""}, ""),
    ],
)
def test_commits_are_signed_where_git_does_so_with_ssh(
    repo: Path, otherwise: dict[str, str], key: str
) -> None:
    who = {"user.name": "Ana", "user.email": "ana@example.com"}
    for name, value in {**who, **SIGNS, **otherwise}.items():
        if value:
            git("config", name, value)

    assert git_person() == Person("Ana", "ana@example.com", key)


def test_a_key_that_is_no_ssh_key_is_refused(repo: Path) -> None:
    git("config", "user.signingKey", "0A46826A")
    git("config", "gpg.format", "openpgp")

    with pytest.raises(Terminal, match="what is signed here is signed with SSH") as raised:
        signing_key()

    assert "gpg.format ssh" in raised.value.remedy


def test_a_missing_identity_names_each_command(repo: Path) -> None:
    git("config", "user.name", "Ana")

    with pytest.raises(Terminal) as raised:
        git_person()

    assert raised.value.message == "Git does not know your email, and a commit needs both."
    assert raised.value.remedy == 'Run `git config --global user.email "…"`.'


def test_a_machine_without_git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))

    with pytest.raises(Terminal, match="git was not found"):
        git("--version")


def test_the_airflow_of_an_interpreter(folder: Path) -> None:
    assert interpreters.airflow_version(_fake_python(folder / "python", "echo 3.0.6")) == "3.0.6"


def test_an_older_airflow_is_one_package(folder: Path) -> None:
    script = 'case "$3" in *apache-airflow-core*) exit 1;; *) echo 2.10.3;; esac'

    assert interpreters.airflow_version(_fake_python(folder / "python", script)) == "2.10.3"


def test_an_interpreter_without_airflow() -> None:
    with pytest.raises(Terminal, match="has no Airflow"):
        interpreters.airflow_version(Path(sys.executable))


def test_what_cannot_be_run(folder: Path) -> None:
    (folder / "python").write_text("text")

    with pytest.raises(Terminal, match="cannot be run"):
        interpreters.airflow_version(folder / "python")


@mock_aws
def test_the_queue_is_looked_at_without_touching_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    sqs = boto3.client("sqs", region_name="eu-central-1")
    url = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}", MessageGroupId="dev", MessageDeduplicationId="1")

    assert (look(sqs, url).waiting, look(sqs, url).under_way) == (1, 0)
    with pytest.raises(Terminal, match="does not exist"):
        look(sqs, f"{url[:-6]}2.fifo")
