"""The settings of a process: the only reader of environment variables, set by ``template.yaml``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from reconciler.model.environment import EnvironmentName
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason
from reconciler.model.tick_time import TickTime
from reconciler.model.value import Value

_PREFIX = "RECONCILER_"
_OPTIONAL = {
    "repo_branch",
    "repo_path",
    "repo_token_secret",
    "webhook_secret",
    "lease_seconds",
    "stack",
    "reverter_key_secret",
    "reverter_token_secret",
}


class Settings(Value):
    """Where everything is. Secrets are named, never held.

    ``lease_seconds``: how long a tick has its environment for itself. ``stack``: the name of ours, with which
    its alarms begin. ``reverter_key_secret``: the private key of the identity that reverts; empty: nothing
    reverts by itself. ``reverter_token_secret``: the token it pushes with; empty: the one that reads.
    """

    table: str
    queue_url: str
    bus: str
    artifacts: str
    repo_url: str
    repo_branch: str = "main"
    repo_path: str = "environments"
    repo_token_secret: str = ""
    webhook_secret: str = ""
    environments: tuple[str, ...]
    stack: str = ""
    reverter_key_secret: str = ""
    reverter_token_secret: str = ""
    lease_seconds: float = Field(default=TickTime.lease_seconds, ge=40, le=300)

    @property
    def tick_time(self) -> TickTime:
        """How the time of a tick is parted."""
        return TickTime(self.lease_seconds)

    @classmethod
    def read(cls, variables: Mapping[str, str] | None = None) -> Settings:
        """From the process's environment variables. ``Terminal`` lists every one that is missing."""
        found = os.environ if variables is None else variables
        given = {
            name: found[_PREFIX + name.upper()]
            for name in cls.model_fields
            if found.get(_PREFIX + name.upper())
        }
        missing = [
            _PREFIX + name.upper() for name in cls.model_fields if name not in given.keys() | _OPTIONAL
        ]
        if missing:
            raise Terminal(
                f"Not set: {', '.join(missing)}.",
                "Set them from the outputs of the CloudFormation stack; locally, `make up` prints how.",
                Reason.INVALID_CONFIGURATION,
            )
        environments = _environments(given.pop("environments"))
        try:
            return cls.model_validate({**given, "environments": environments})
        except ValidationError:
            raise Terminal(
                f"RECONCILER_LEASE_SECONDS is {given['lease_seconds']!r}; expected a number from 40 to 300.",
                "Set it to the parameter LeaseSeconds of the CloudFormation stack.",
                Reason.INVALID_CONFIGURATION,
            ) from None


def _environments(text: str) -> tuple[str, ...]:
    """The names in ``dev,staging,prod``. ``Terminal`` unless each may be an environment's."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    try:
        return TypeAdapter(Annotated[tuple[EnvironmentName, ...], Field(min_length=1)]).validate_python(names)
    except ValidationError:
        raise Terminal(
            f"RECONCILER_ENVIRONMENTS is {text!r}; expected names of environments, separated by commas.",
            "Set it to the folders of the environment repo, for instance dev,staging,prod.",
            Reason.INVALID_CONFIGURATION,
        ) from None
