"""Does what a checkpoint job asks for: check, keep the results, publish the pages."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from lib.quality.gx.check import Check
from lib.quality.gx.databases import Databases
from lib.quality.gx.docs import publish
from lib.quality.gx.results import keep
from lib.quality.suites import Suite
from lib.warehouse.batch import Batch


def work(asked: Mapping[str, Any]) -> dict[str, Any]:
    """`asked` and what is returned are as in `lib.quality.checkpoint`."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    # The second has a level of its own, to tell of each folder that it makes for a moment.
    for name in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(name).setLevel(logging.ERROR)
    now = datetime.now(UTC)
    with ExitStack() as stack:
        databases = stack.enter_context(closing(Databases(asked["connections"], asked["tag"])))
        checks = []
        for one in asked["checkpoints"]:
            batch = Batch(one["dag_id"], *(datetime.fromisoformat(one[end]) for end in ("start", "end")))
            check = Check(Suite.model_validate(one["suite"]), one["tables"], batch, databases)
            check.run()
            keep(databases.warehouse, batch, check.suite.name, check.findings, now)
            checks.append(check)
        pages = publish(asked["connections"].get("docs"), checks, now, databases.warehouse)
    return {
        "results": [
            {
                "suite": check.suite.name,
                "findings": [asdict(finding) for finding in check.findings],
                "measured": [asdict(measured) for measured in check.measured],
            }
            for check in checks
        ],
        "pages": pages,
    }
