"""`python -m local.faults`: plant each fault, catch it, print the table. Exit code 1 where one got away."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from local.environments import dbt_executable, quality_python, warehouse_python
from local.faults.sweep import left, lines, sweep
from local.postgres import start_postgres
from local.processes import free_port
from local.warehouse import start_warehouse


def main() -> int:
    """Start the servers, sweep, end them."""
    os.environ |= {"FINEDGE_QUALITY": str(quality_python()), "FINEDGE_DBT": str(dbt_executable())}
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        home = Path(folder)
        postgres = start_postgres(home / "postgres", free_port())
        warehouse = start_warehouse(warehouse_python(), free_port(), home / "warehouse")
        try:
            found = sweep(postgres.url.rpartition("/")[0], warehouse.login)
        finally:
            warehouse.process.stop()
            postgres.process.stop()
    print("\n".join(lines(found)))
    print(f"\n{len(left())} more are dbt's to catch: {', '.join(one.name for one in left())}")
    return 0 if all(one.right for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
