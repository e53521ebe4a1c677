"""The seeded faults, planted and caught on the platform's own servers, in databases beside the pipelines'."""

from __future__ import annotations

from local.faults.caught import Caught
from local.faults.sweep import complete, sweep, tools
from local.platform.screen import PlatformScreen
from local.sources.faults.catalogue import FAULTS
from local.stack_info import StackInfo


def catch_all(info: StackInfo, screen: PlatformScreen) -> list[Caught]:
    """Plant each fault, catch it and tell. Where the sweep breaks off, the rest count as not caught."""
    found: list[Caught] = []
    screen.scene("faults", f"{len(FAULTS)} faults, each for a rule to catch", "")
    with screen.following("planting and catching") as show:
        try:
            with tools():
                for one in sweep(info.postgres_url.rpartition("/")[0], dict(info.warehouse)):
                    found.append(one)
                    screen.caught(one)
                    show([f"{len(found)} of {len(FAULTS)}"])
        except Exception as error:
            # Of what the pipelines did there is more to tell than of this.
            screen.trouble(f"the sweep broke off: {type(error).__name__}: {error}")
    return list(complete(found, FAULTS.values()))
