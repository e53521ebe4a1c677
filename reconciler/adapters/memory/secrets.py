"""Secrets in memory, by reference."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.adapters.memory.failures import Twin, port_call
from reconciler.model.errors import Terminal


class MemorySecrets(Twin):
    """Secrets given at construction."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._secrets = dict(secrets or {})

    @port_call
    def get(self, reference: str) -> str:
        """The secret's text. ``Terminal`` if there is none."""
        if reference not in self._secrets:
            raise Terminal(f"The secret {reference} does not exist.", "Create it, or correct the reference.")
        return self._secrets[reference]

    def put(self, reference: str, text: str) -> None:
        """Set a secret, as a person would."""
        self._secrets[reference] = text
