"""Adds a hold and a quarantine to a ``holds.yaml``; what is there stays as it is, comments too.

Called by what an alarm commits. A file that is laid out in a way that cannot be added to is written anew, and
then its comments are lost: what is held matters more.
"""

from __future__ import annotations

from reconciler.core.declarations import parse_holds, render_holds
from reconciler.core.yaml_nodes import Mapping, Sequence, Unreadable
from reconciler.core.yaml_text import dumped
from reconciler.core.yaml_values import parse
from reconciler.model.errors import InvalidInput
from reconciler.model.holds import Hold, Holds, Quarantined, Reasoned

_NAME = "env"


def with_more(content: bytes | None, hold: Hold, bad: Quarantined) -> bytes:
    """The file with these two, unless it holds at that release, or keeps that one out, already.

    Raises InvalidInput if it is no valid file, or says as much as it may.
    """
    before = _said(content)
    more: dict[str, object] = {}
    if all(one.at != hold.at for one in before.holds):
        more["holds"] = (*before.holds, hold)
    if all(one.release != bad.release for one in before.quarantine):
        more["quarantine"] = (*before.quarantine, bad)
    wanted = before.model_copy(update=more)
    if wanted == before and content is not None:
        return content
    rendered = render_holds(wanted)
    _said(rendered)  # as much as it may say
    if content is None:
        return rendered
    text = content.decode("utf-8")
    for key, old, new in (
        ("holds", before.holds, wanted.holds),
        ("quarantine", before.quarantine, wanted.quarantine),
    ):
        text = _with_item(text, key, new[-1]) if len(new) > len(old) else text
    return text.encode() if _says(text, wanted) else rendered


def _said(content: bytes | None) -> Holds:
    path = f"{_NAME}/holds.yaml"
    return parse_holds({path: content} if content is not None else {}, _NAME)


def _says(text: str, wanted: Holds) -> bool:
    try:
        return _said(text.encode()) == wanted
    except InvalidInput:
        return False


def _with_item(text: str, key: str, item: Reasoned) -> str:
    """The text with one more item in a list: after the last, in its indentation, or in a list of its own."""
    try:
        root = parse(text.encode(), Holds)[1]
    except Unreadable:
        return text
    entry = root.entries.get(key) if isinstance(root, Mapping) else None
    if entry is None:
        return f"{text.rstrip()}\n{key}:\n{_item(item, '  ')}"
    if not isinstance(entry.node, Sequence) or not entry.node.items:
        return text
    first, last = entry.node.items[0].span, entry.node.items[-1].span
    line = text[text.rfind("\n", 0, first.start) + 1 : first.start]
    indent = line[: len(line) - len(line.lstrip(" "))]
    end = text.find("\n", len(text[: last.end].rstrip()))
    at = len(text) if end < 0 else end + 1
    head = text[:at] if text[:at].endswith("\n") else f"{text[:at]}\n"
    return f"{head}{_item(item, indent)}{text[at:]}"


def _item(item: Reasoned, indent: str) -> str:
    return "".join(f"{indent}{line}\n" for line in dumped([item.to_json()]).splitlines())
