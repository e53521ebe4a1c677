"""The `reconciler` command line, run as a person runs it: a process of its own, in the code repo."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from local.demo.people import Person
from local.stack_info import StackInfo

SECONDS = 120
KEPT = ("PATH", "PYTHONPATH", "HOME", "LANG", "TMPDIR")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    command: str
    exit_code: int
    stdout: str
    stderr: str

    def expect(self) -> Ended:
        """Itself, if it was successful; else raises RuntimeError with all that it said."""
        if self.exit_code:
            said = "\n".join(filter(None, (self.stdout.strip(), self.stderr.strip())))
            raise RuntimeError(f"`{self.command}` ended with code {self.exit_code}:\n{said}")
        return self


@dataclass(frozen=True)
class CommandLine:
    """`reconciler` for one stack."""

    info: StackInfo
    folder: Path
    seconds: float = SECONDS

    def run(self, *arguments: str, by: Person | None = None) -> Ended:
        """Run a command, as somebody, and wait for its end. Raises subprocess.TimeoutExpired."""
        program = Path(sys.executable).with_name("reconciler")
        done = subprocess.run(
            [str(program), *arguments],
            cwd=self.folder,
            env={**self._environment(), **(by.settings if by is not None else {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=self.seconds,
            check=False,
        )
        return Ended(f"reconciler {' '.join(arguments)}", done.returncode, done.stdout, done.stderr)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return {**kept, **self.info.env}
