"""Lints the SQL of the dbt project with sqlfluff, in the environment that is made for it first if need be.

`python -m local.sql_lint` (part of `make lint`). What it looks for is in dbt/.sqlfluff.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from local.environments import ROOT, sqlfluff_executable

PROJECT = ROOT / "dbt"
# Macros are linted where they are called: alone they are no SQL.
FOLDERS = ("models", "tests/singular")


def lint(project: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """Lint a project; its exit code is 0 where nothing is wrong."""
    command = [str(sqlfluff_executable()), "lint", "--disable-progress-bar", *FOLDERS]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def main() -> int:
    """Print what is wrong; the exit code for the shell."""
    done = lint()
    if done.returncode:
        print(done.stdout + done.stderr)
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main())
