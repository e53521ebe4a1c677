"""The tables of a close: where they are built, and where they are shown."""

from __future__ import annotations

from lib.warehouse.names import quoted

ASIDE, SHOWN, DAY, LOADED_AT = "MARTS_SHADOW", "MARTS", "BUSINESS_DATE", "LOADED_AT"
TABLES = ("FCT_TRIAL_BALANCE", "FCT_GL_BALANCE")


def aside() -> dict[str, str]:
    """By the name under which a suite knows it: where each table of the close was built."""
    return {f"{SHOWN}.{name}".lower(): quoted(ASIDE, name) for name in TABLES}
