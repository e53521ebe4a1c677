"""Writes dbt/manifest.json: what Airflow and the reconciler need to know of the dbt project, no more.

`python -m local.dbt_manifest` (or `make manifest`) after a change of the project. The file is committed,
since an artifact is made of committed bytes alone; a test says when it is out of date. dbt's own manifest
has thirty times as much in it, with times and paths that differ each time.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local.environments import ROOT, dbt_executable
from local.errors import LocalError

PROJECT = ROOT / "dbt"
MANIFEST = PROJECT / "manifest.json"
TARGETS = ("snowflake", "films")
"""Each has models of its own; the file has them all."""
_KINDS = ("model", "snapshot", "seed", "test")
Manifest = dict[str, Any]


def main() -> None:
    """Parse the project for each target and write the file."""
    MANIFEST.write_text(slim(parsed(target) for target in TARGETS))
    print(f"{MANIFEST.relative_to(ROOT)}: {MANIFEST.stat().st_size // 1024} kB")


def parsed(target: str, project: Path = PROJECT) -> Manifest:
    """dbt's manifest of the project for a target; needs no warehouse. Raises LocalError."""
    with tempfile.TemporaryDirectory(prefix="dbt-") as scratch:
        done = subprocess.run(
            [
                *(
                    str(dbt_executable()),
                    "--no-use-colors",
                    "parse",
                    "--no-partial-parse",
                    "--target",
                    target,
                ),
                *("--project-dir", str(project), "--profiles-dir", str(project)),
                *("--target-path", scratch, "--log-path", scratch),
            ],
            cwd=scratch,
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": scratch, "DO_NOT_TRACK": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise LocalError(f"dbt does not understand the project:\n{done.stdout[-4000:]}", "correct it")
        found: Manifest = json.loads((Path(scratch) / "manifest.json").read_bytes())
        return found


def slim(manifests: Iterable[Manifest]) -> str:
    """The text of the file, the same for the same project."""
    nodes: dict[str, Any] = {}
    sources: dict[str, Any] = {}
    for manifest in manifests:
        nodes |= {
            key: _node(node) for key, node in manifest["nodes"].items() if node["resource_type"] in _KINDS
        }
        sources |= {key: _source(source) for key, source in manifest["sources"].items()}
    lines = [_section("nodes", nodes), _section("sources", sources)]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _section(name: str, entries: dict[str, Any]) -> str:
    # A line for each, so that a change shows as such.
    listed = (f" {json.dumps(key)}: {json.dumps(entries[key], sort_keys=True)}" for key in sorted(entries))
    return f"{json.dumps(name)}: {{\n" + ",\n".join(listed) + "\n}"


def _node(node: dict[str, Any]) -> dict[str, Any]:
    kept = {key: node[key] for key in ("name", "resource_type", "package_name", "original_file_path")}
    kept["tags"] = sorted(node["tags"])
    kept["depends_on"] = {"nodes": sorted(node["depends_on"]["nodes"])}
    kept["config"] = {"materialized": node["config"]["materialized"]}
    if node.get("attached_node"):
        kept["attached_node"] = node["attached_node"]
    return kept


def _source(source: dict[str, Any]) -> dict[str, Any]:
    kept = {
        key: source[key]
        for key in ("name", "source_name", "resource_type", "package_name", "original_file_path")
    }
    limits = source.get("freshness") or {}
    told = {key: value for key, value in limits.items() if isinstance(value, dict) and value.get("count")}
    return {**kept, "tags": sorted(source["tags"]), "freshness": told}


if __name__ == "__main__":
    main()
