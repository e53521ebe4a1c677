"""`python -m local.faults`: plant each fault, catch it, print the table. Exit code 1 where one got away."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from rich.console import Console

from local.environments import warehouse_python
from local.faults.sweep import sweep, tools
from local.faults.table import show
from local.postgres import start_postgres
from local.processes import free_port
from local.warehouse import start_warehouse


def main() -> int:
    """Start the servers, sweep, end them."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        home = Path(folder)
        postgres = start_postgres(home / "postgres", free_port())
        warehouse = start_warehouse(warehouse_python(), free_port(), home / "warehouse")
        try:
            with tools():
                found = list(sweep(postgres.url.rpartition("/")[0], warehouse.login))
        finally:
            warehouse.process.stop()
            postgres.process.stop()
    show(Console(highlight=False, markup=False), found)
    return 0 if all(one.right for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
