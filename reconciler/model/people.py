"""Who people are: the e-mail addresses and roles by which the environment repo knows them."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

EMAIL = r"^[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$"
"""Also a part of a Git ref's name, and one principal of ``allowed_signers``: no pattern, no list."""

APPROVALS = "approval"
"""The folder of the tags by which people approve: ``approval/<environment>/<commit>/<e-mail>``."""

ROLE = r"^[a-z][a-z0-9-]{0,29}$"

Email = Annotated[str, StringConstraints(pattern=EMAIL, max_length=100)]
Role = Annotated[str, StringConstraints(pattern=ROLE)]
