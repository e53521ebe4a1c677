"""The machine and the versions that a figure belongs to. A figure without them is worth nothing."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from local.environments import ENVS
from local.options import ROOT

PACKAGES = {
    "Airflow": ("airflow-3.0.6", "apache_airflow"),
    "AWS emulator (ministack)": ("ministack", "ministack"),
    "awscli": ("awscli", "awscli"),
    "boto3 of the functions": ("lambda", "boto3"),
}
"""Name -> environment below `.envs`, distribution."""


def describe() -> dict[str, object]:
    """Processor, memory, load, versions, commit, time (UTC)."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory (GB)": round(pages * size / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "load before": round(os.getloadavg()[0], 2),
        "commit": _commit(),
        **_versions(),
    }


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if "model name" in line), platform.machine())


def _commit() -> str:
    """The commit that was measured, and whether files differed from it."""
    head = _git("rev-parse", "--short=10", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return f"{head} with changes" if changed else head


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def _versions() -> dict[str, str]:
    """Versions of what is installed; what is not has no part in what was measured."""
    found = {}
    for name, (environment, package) in PACKAGES.items():
        folders = list((ENVS / environment).glob(f"lib/python3.*/site-packages/{package}-*.dist-info"))
        if folders:
            found[name] = folders[0].name.removeprefix(f"{package}-").removesuffix(".dist-info")
    return found
