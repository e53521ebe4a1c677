"""Secrets from AWS Secrets Manager, by reference (name or ARN).

Called by ``bootstrap`` for the repo's token, the webhook's key and Airflow's token. Keeps a secret for five
minutes, so that a rotation is noticed; never logs one and never puts one into an error.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from reconciler.adapters.aws_errors import error_code, translated
from reconciler.model.errors import Terminal
from reconciler.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEPT = timedelta(minutes=5)


class SecretsManager:
    """Reads secrets whose ``SecretString`` is the plain text wanted."""

    def __init__(self, client: SecretsManagerClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._kept: dict[str, tuple[datetime, str]] = {}

    def get(self, reference: str) -> str:
        """The secret's text. ``Terminal`` if it is missing, binary or denied; else ``Transient``."""
        now = self._clock.now()
        if reference in self._kept and now - self._kept[reference][0] < KEPT:
            return self._kept[reference][1]
        with translated("secretsmanager:GetSecretValue", f"the secret {reference}"):
            text = self._read(reference)
        self._kept[reference] = (now, text)
        return text

    def _read(self, reference: str) -> str:
        try:
            text = self._client.get_secret_value(SecretId=reference).get("SecretString")
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            text = None
        if not text:
            raise Terminal(
                f"The secret {reference} does not exist, or holds no text.",
                "Create it with `aws secretsmanager create-secret`, or correct the reference.",
            )
        return text
