"""Reads one component from the code repo: the committed bytes of HEAD, and who wrote them.

Called by packaging. Only committed bytes count, so that everybody who builds a commit builds the same; what
is not committed inside the component is refused rather than left out. Never changes the repository.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from git import Repo
from git.exc import BadName, GitCommandError, InvalidGitRepositoryError, NoSuchPathError

from reconciler.core.archive_rules import ARTIFACT, MIB, path_problems
from reconciler.model.component import Component, component_of
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason

_PLAIN_MODES = ("100644", "100755", "100664")
_LISTED = re.compile(rb"(\d{6}) (\w+) ([0-9a-f]+) +(\d+|-)\t(.*)", re.DOTALL)
_LFS = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class ComponentSource:
    """A component at HEAD: contents by path in the code repo, the commit, ``Name <email>`` of its authors."""

    commit: str
    files: dict[str, bytes]
    authors: tuple[str, ...]


@dataclass(frozen=True)
class _Entry:
    mode: str
    blob: str
    size: int
    path: str


def read_component(repo_root: Path, component: Component, since: str | None) -> ComponentSource:
    """One component's committed files at HEAD, and its authors and co-authors after the commit ``since``.

    Without ``since`` the authors are those of its whole history. Raises ``Terminal`` for uncommitted
    changes, anything but plain files at plain paths, more than 200 MiB or 20,000 files, a shallow clone.
    """
    repo = _open(repo_root)
    try:
        commit = str(repo.git.rev_parse("--verify", "HEAD^{commit}"))
        _refuse_uncommitted(repo, component)
        entries = _entries(repo, component, commit)
        _refuse_unfit(component, entries)
        files = {entry.path: _blob(repo, entry) for entry in entries}
        return ComponentSource(commit, files, _authors(repo, component, commit, since))
    except (GitCommandError, BadName) as error:
        raise _terminal(f"Git could not read {repo_root}: {error}", "Check it with `git fsck`.") from error
    finally:
        repo.close()


def _open(root: Path) -> Repo:
    try:
        repo = Repo(root)
    except (InvalidGitRepositoryError, NoSuchPathError) as error:
        raise _terminal(
            f"{root} is not the top folder of a Git repository.", "Run this at the top of the code repo."
        ) from error
    if not repo.head.is_valid():
        repo.close()
        raise _terminal(f"{root} has no commit yet.", "Commit the component's files first.")
    return repo


def _refuse_uncommitted(repo: Repo, component: Component) -> None:
    status = repo.git.status(
        "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", component.folder,
        env={"GIT_OPTIONAL_LOCKS": "0"}, strip_newline_in_stdout=False,
    )  # fmt: skip
    changed = [line[3:] for line in status.split("\0") if line]
    ours = [path for path in changed if component_of(path) is component and "__pycache__" not in path]
    if ours:
        raise _terminal(
            f"{component.folder}/ has changes that are not committed: {_some(ours)}.",
            "Commit them, or put them away with `git stash -u`: what is built is the commit, for everybody "
            "the same.",
        )


def _entries(repo: Repo, component: Component, commit: str) -> list[_Entry]:
    listing: bytes = repo.git.ls_tree(
        "-r", "-z", "-l", "--full-tree", commit, "--", f"{component.folder}/",
        stdout_as_string=False, strip_newline_in_stdout=False,
    )  # fmt: skip
    entries: list[_Entry] = []
    for line in filter(None, listing.split(b"\0")):
        match = _LISTED.fullmatch(line)
        assert match, f"`git ls-tree` answered {line!r}"
        mode, _, blob, size, raw = match.groups()
        path = raw.decode("utf-8", errors="surrogateescape")
        if component_of(path) is component:
            entries.append(_Entry(mode.decode(), blob.decode(), 0 if size == b"-" else int(size), path))
    if not entries:
        raise _terminal(
            f"{component.folder}/ holds no committed file at {commit[:12]}.",
            f"Commit the files of the component {component.value} there, or build another component.",
        )
    return sorted(entries, key=lambda entry: entry.path)


def _refuse_unfit(component: Component, entries: Sequence[_Entry]) -> None:
    kinds = {"120000": "is a symbolic link", "160000": "is a submodule"}
    problems = [
        f"{entry.path!r} {kinds.get(entry.mode, f'has the odd mode {entry.mode}')}"
        for entry in entries
        if entry.mode not in _PLAIN_MODES
    ]
    problems += path_problems(entry.path for entry in entries)
    if problems:
        raise _terminal(
            f"{component.folder}/ holds what cannot travel: {'; '.join(problems[:20])}.",
            "Put plain files there, or rename them; links are replaced by what they point to.",
        )
    size = sum(entry.size for entry in entries)
    if size > ARTIFACT.size or len(entries) > ARTIFACT.files:
        largest = sorted(entries, key=lambda entry: -entry.size)[:3]
        raise _terminal(
            f"{component.folder}/ holds {len(entries)} files of {size // MIB} MiB in all; {ARTIFACT.files} "
            f"files and {ARTIFACT.size // MIB} MiB is the most. The largest: "
            f"{_some([entry.path for entry in largest])}.",
            "Keep data out of it: put it into object storage and read it in a task.",
        )


def _blob(repo: Repo, entry: _Entry) -> bytes:
    body: bytes = repo.odb.stream(bytes.fromhex(entry.blob)).read()
    if body.startswith(_LFS):
        raise _terminal(
            f"{entry.path} is kept in Git LFS: the commit holds a reference, not its content.",
            "Commit the file itself, or keep it in object storage.",
        )
    return body


def _authors(repo: Repo, component: Component, commit: str, since: str | None) -> tuple[str, ...]:
    if (since is None or not _knows(repo, since)) and _shallow(repo):
        raise _terminal(
            "This clone is shallow, so the authors since the parent version cannot be told.",
            "Run `git fetch --unshallow` (in GitHub Actions: `fetch-depth: 0`).",
        )
    if since is not None and not _knows(repo, since):
        raise _terminal(
            f"The parent version was built from commit {since[:12]}, which this clone does not have.",
            "Fetch the branch or tag it was built from, so that the authors since then can be told.",
        )
    # --full-history: a change that was merged away again still had an author.
    log = repo.git.log(
        "--full-history", "-z",
        "--format=%an <%ae>%n%(trailers:key=Co-authored-by,valueonly=true,unfold=true)",
        commit if since is None else f"{since}..{commit}",
        "--", component.folder, *(f":(exclude){folder}" for folder in component.excluded),
    )  # fmt: skip
    return tuple(sorted({line.strip() for line in re.split(r"[\0\n]", log) if line.strip()}))


def _knows(repo: Repo, commit: str) -> bool:
    try:
        repo.git.cat_file("-e", f"{commit}^{{commit}}")
    except GitCommandError:
        return False
    return True


def _shallow(repo: Repo) -> bool:
    return str(repo.git.rev_parse("--is-shallow-repository")) == "true"


def _some(paths: Sequence[str]) -> str:
    rest = len(paths) - 5
    return ", ".join(paths[:5]) + (f" and {rest} more" if rest > 0 else "")


def _terminal(message: str, remedy: str) -> Terminal:
    return Terminal(message, remedy, Reason.ARTIFACT_FAILED)
