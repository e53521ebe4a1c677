"""Where a report lies in the lake, from draft to delivered.

    regulatory/<report>/<digest>/<file>.csv       the draft: named by its bytes: drafts never overwrite
    regulatory/<report>/<digest>/manifest.json    written with the approval
    regulatory/<report>/<digest>/manifest.sig
    regulatory/<report>/delivered.json            names the one folder that counts; written last, and once

Whoever dies before the last object has delivered nothing. A report that was delivered is never another:
what has to be corrected is delivered as a further revision, beside it.
"""

from __future__ import annotations

import json

from lib.intervals import Interval
from lib.lake import AlreadyWritten, Lake
from lib.regulatory.approval import Decision
from lib.regulatory.extract import REPORTS, Extract, rows
from lib.regulatory.signing import Signer


class NotAsApproved(Exception):
    """The draft's bytes are not those that were approved; nothing was delivered."""


class AlreadyDelivered(Exception):
    """The report was delivered with other bytes; it was not touched."""


def report_id(month: Interval, revision: int = 1) -> str:
    """`2026-05`, or `2026-05-r2` for the second revision. Raises ValueError for a revision below 1."""
    if revision < 1:
        raise ValueError(f"a revision is a number from 1 on, not {revision}")
    name = f"{month.start:%Y-%m}"
    return name if revision == 1 else f"{name}-r{revision}"


def draft(lake: Lake, report: str, found: Extract) -> str:
    """Keep the files for the approver to look at; returns their folder."""
    folder = _folder(report, found.digest)
    for name, body in found.files.items():
        lake.write_once(f"{folder}/{name}", body)
    return folder


def deliver(lake: Lake, report: str, month: Interval, decision: Decision, signer: Signer) -> tuple[str, int]:
    """Sign what was approved and make it the report; the manifest's key, and how many rows it has.

    Raises NotAsApproved, AlreadyDelivered. Delivering the same again changes nothing.
    """
    folder = _folder(report, decision.digest)
    found = Extract({name: lake.read(f"{folder}/{name}") for name in _files()})
    if found.digest != decision.digest:
        raise NotAsApproved(f"{folder} holds {found.digest}, approved was {decision.digest}")
    manifest = _manifest(report, month, found, decision, signer)
    key = lake.write_once(f"{folder}/manifest.json", manifest)
    lake.write_once(f"{folder}/manifest.sig", signer.sign(manifest))
    pointer = {"report": report, "manifest": key, "digest": found.digest}
    try:
        lake.write_once(f"regulatory/{report}/delivered.json", _json(pointer))
    except AlreadyWritten:
        raise AlreadyDelivered(
            f"{report} was delivered with other bytes: correct it by a further revision"
        ) from None
    return key, found.rows


def _manifest(report: str, month: Interval, found: Extract, decision: Decision, signer: Signer) -> bytes:
    return _json(
        {
            "report": report,
            "interval": month.written(),
            "digest": found.digest,
            "files": {
                name: {"sha256": found.sums[name], "bytes": len(body), "rows": rows(body)}
                for name, body in found.files.items()
            },
            "approval": {
                "by": decision.by,
                "at": decision.at.isoformat(),
                "digest": decision.digest,
                "comment": decision.comment,
            },
            "signature": {"algorithm": "Ed25519", "key": signer.key_id, "file": "manifest.sig"},
        }
    )


def _files() -> list[str]:
    return [f"{mart.lower()}.csv" for mart in REPORTS]


def _folder(report: str, digest: str) -> str:
    return f"regulatory/{report}/{digest[:16]}"


def _json(content: object) -> bytes:
    return json.dumps(content, indent=1, sort_keys=True).encode()
