"""What the files of the environments folder say: bytes in, values out, or every mistake in them at once.

Called by the tick (one environment), by `validate` (all of them) and by what makes pointer commits. Files are
keyed by their path inside the environments folder, like `dev/pointer.yaml`. Never reads a file itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

from reconciler.core.places import address
from reconciler.core.signers import addresses, parse_signers, person
from reconciler.core.windows import flaw_of
from reconciler.core.yaml_edit import replace_versions
from reconciler.core.yaml_nodes import Flaw, Node, Unreadable
from reconciler.core.yaml_schemas import json_schemas, kind_of
from reconciler.core.yaml_text import dumped
from reconciler.core.yaml_values import in_file, line_of, parse
from reconciler.model.component import Component
from reconciler.model.environment import AirflowApi, Desired, Environment, ReconcilerConfig
from reconciler.model.errors import InvalidInput
from reconciler.model.health import SHARES, HealthSpec
from reconciler.model.holds import Holds
from reconciler.model.pointer import Pointer
from reconciler.model.policy import ApprovalPolicy, Policy, Windows
from reconciler.model.value import Value

__all__ = [
    "CONFIG",
    "SIGNERS",
    "environment_names",
    "json_schemas",
    "parse_all",
    "parse_desired",
    "parse_holds",
    "render_holds",
    "set_versions",
]

CONFIG, SIGNERS = "reconciler.yaml", "allowed_signers"
_REMEDY = "Correct the file and commit; `reconciler validate` checks it before that."
# A machine-made mess must not flood the events.
_MOST = 50
_DECLARING = ("/environment.yaml", "/pointer.yaml")

M = TypeVar("M", bound=Value)
T = TypeVar("T")


def parse_desired(files: Mapping[str, bytes], environment: str) -> Desired:
    """What the files say about one environment. Raises InvalidInput with every problem of its files."""
    folder = _Folder(files)
    desired = folder.desired(environment)
    folder.raise_problems()
    return _present(desired)


def parse_all(files: Mapping[str, bytes]) -> dict[str, Desired]:
    """What the files say, by environment in the order of promotion.

    Raises InvalidInput with the problems of all files.
    """
    folder = _Folder(files)
    found = {name: folder.desired(name) for name in folder.names()}
    folder.raise_problems()
    return {name: _present(desired) for name, desired in found.items()}


def parse_holds(files: Mapping[str, bytes], environment: str) -> Holds:
    """What is held in an environment. Raises InvalidInput about its `holds.yaml`."""
    folder = _Folder(files)
    holds = folder.holds(f"{environment}/holds.yaml")
    folder.raise_problems()
    return _present(holds)


def render_holds(holds: Holds) -> bytes:
    """The text of a `holds.yaml`; what is empty is left out."""
    fields = {name: value for name, value in holds.to_json().items() if value}
    return f"# yaml-language-server: $schema=../../schemas/holds.schema.json\n{dumped(fields)}".encode()


def environment_names(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The declared environments in the order of promotion. Raises InvalidInput about `reconciler.yaml`."""
    folder = _Folder(files)
    config = folder.config
    folder.raise_problems()
    return _present(config).promotion


def set_versions(pointer_yaml: bytes, versions: Mapping[Component, str]) -> bytes:
    """A pointer file with these versions and everything else, comments too, as it was.

    A digest is dropped where its version changes. Raises InvalidInput if the file is no valid pointer, or a
    version is not one.
    """
    before = _pointer(pointer_yaml)
    after = replace_versions(pointer_yaml, versions)
    wanted = {part: versions.get(part, pin.version) for part, pin in before.components.items()}
    if {part: pin.version for part, pin in _pointer(after).components.items()} != wanted:
        problem = (
            "pointer.yaml:1: components: found a layout that cannot be edited, expected one key per line"
        )
        raise InvalidInput((problem,), "Edit the versions by hand.")
    return after


def _pointer(content: bytes) -> Pointer:
    folder = _Folder({"pointer.yaml": content})
    pointer = folder.pointer("pointer.yaml")
    folder.raise_problems()
    return _present(pointer)


def _present(value: T | None) -> T:
    if value is None:
        raise AssertionError("a file that could not be read has a problem")
    return value


def _before(name: str, order: Sequence[str]) -> str | None:
    """The environment from which a release comes to this one; None for the first."""
    return next((one for one, after in pairwise(order) if after == name), None)


class _Folder:
    """The files of an environments folder, and the problems found in them so far."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._problems: dict[str, tuple[str, int]] = {}

    def raise_problems(self) -> None:
        """Raise InvalidInput if there are any, in the order of the files and lines."""
        problems = sorted(self._problems, key=self._problems.__getitem__)
        if len(problems) > _MOST:
            problems[_MOST:] = [f"and {len(problems) - _MOST} problems more"]
        if problems:
            raise InvalidInput(tuple(problems), _REMEDY)

    def names(self) -> list[str]:
        """Every environment that is declared or has a folder."""
        folders = (path.partition("/")[0] for path in sorted(self._files) if path.endswith(_DECLARING))
        return list(dict.fromkeys([*(self.config.promotion if self.config else ()), *folders]))

    def desired(self, name: str) -> Desired | None:
        if self.config is not None and name not in self.config.promotion:
            self._report_undeclared(name)
        environment, pointer = self.environment(name), self.pointer(f"{name}/pointer.yaml")
        holds, signers = self.holds(f"{name}/holds.yaml"), self.signers
        if environment is None or pointer is None or holds is None or self.config is None:
            return None
        return Desired(
            environment=environment,
            pointer=pointer,
            holds=holds,
            roles=self.config.roles,
            signers=signers,
            upstream=_before(name, self.config.promotion),
            reverter=self.config.reverter,
        )

    @cached_property
    def config(self) -> ReconcilerConfig | None:
        """What all environments share."""
        config, root = self._read(CONFIG, ReconcilerConfig)
        if config is not None and root is not None:
            known = set(addresses(parse_signers(self.signers)[0]))
            if config.reverter is not None and (wanted := self._flaw_of(config.reverter, config)):
                line = line_of(root, ("reverter",))
                self._report(CONFIG, Flaw(line, "reverter", f'"{config.reverter}"', wanted))
            for role, people in config.roles.items():
                for number, email in enumerate(people):
                    if email.lower() not in known:
                        line = line_of(root, ("roles", role, number))
                        self._report(
                            CONFIG, Flaw(line, f"roles.{role}[{number}]", f'"{email}"', f"a key in {SIGNERS}")
                        )
        return config

    def _flaw_of(self, reverter: str, config: ReconcilerConfig) -> str | None:
        """What its address should be: who signs by itself, whatever alarms, must not be a person."""
        signers = parse_signers(self.signers)[0]
        if reverter.lower() not in set(addresses(signers)):
            return f"a key in {SIGNERS}"
        own = person(signers, reverter)
        if len(own) > 1:
            return f"an address that shares no line and no key with others in {SIGNERS}"
        if any(who.lower() in own for people in config.roles.values() for who in people):
            return "an address that has no role: what it signs is nobody's approval"
        return None

    @cached_property
    def signers(self) -> str:
        """Whose key is whose; nobody's if there is no such file."""
        content = self._files.get(SIGNERS, b"")
        try:
            text = content.decode()
        except UnicodeDecodeError:
            self._report(SIGNERS, Flaw(1, "file", "other bytes than UTF-8", "text"))
            return ""
        for line, found, expected in parse_signers(text)[1]:
            self._report(SIGNERS, Flaw(line, "signer", found, expected))
        return text

    def environment(self, name: str) -> Environment | None:
        path = f"{name}/environment.yaml"
        environment, root = self._read(path, Environment)
        if environment is not None and root is not None and environment.name != name:
            expected = f'"{name}", the name of its folder'
            self._report(path, Flaw(line_of(root, ("name",)), "name", f'"{environment.name}"', expected))
        if environment is not None and root is not None:
            self._check_windows(path, environment.policy.windows, root)
            self._check_approval(path, environment.policy.approval, root)
            self._check_source(path, environment.policy, root)
            self._check_address(path, environment.airflow.api, root)
            self._check_shares(path, environment.health, root)
        return environment

    def _check_shares(self, path: str, health: HealthSpec, root: Node) -> None:
        """A limit that no share can pass would turn the signal off without a word."""
        for name in SHARES:
            limit, at = health.of(name).limit, ("health", "signals", name.value, "limit")
            if limit > 1:
                found = f"the number {limit:.15g}"
                self._report(path, Flaw(line_of(root, at), ".".join(at), found, "a share from 0 up to 1"))

    def _check_address(self, path: str, api: AirflowApi, root: Node) -> None:
        """What cannot be compared might be another environment's."""
        if api.http is None or address(api.http.url) is not None:
            return
        at = ("airflow", "api", "http", "url")
        expected = "a URL with a host; an IP address as four numbers, or as IPv6 in brackets"
        self._report(path, Flaw(line_of(root, at), ".".join(at), f'"{api.http.url}"', expected))

    def _check_source(self, path: str, policy: Policy, root: Node) -> None:
        """What nobody could sign would wait for ever."""
        if not policy.source.signed:
            return
        asked, auto = ("policy", "source", "signed"), ("policy", "promotion", "auto")
        if not parse_signers(self.signers)[0]:
            expected = f"false, or somebody's key in {SIGNERS}"
            self._report(path, Flaw(line_of(root, asked), ".".join(asked), "true", expected))
        if policy.promotion.auto:
            expected = "false with policy.source.signed: the reconciler has no key to sign with"
            self._report(path, Flaw(line_of(root, auto), ".".join(auto), "true", expected))

    def _check_approval(self, path: str, approval: ApprovalPolicy, root: Node) -> None:
        """Roles that nobody has would let a change wait for ever."""
        known = {role for role, people in self.config.roles.items() if people} if self.config else None
        for key, roles in (("from", approval.roles), ("breakGlass", approval.break_glass)):
            for number, role in enumerate(roles):
                if known is not None and role not in known:
                    line = line_of(root, ("policy", "approval", key, number))
                    told = f"policy.approval.{key}[{number}]"
                    expected = f"a role that somebody has in {CONFIG}"
                    self._report(path, Flaw(line, told, f'"{role}"', expected))

    def _check_windows(self, path: str, windows: Windows, root: Node) -> None:
        for kind, some in (("freeze", windows.freeze), ("allow", windows.allow)):
            for number, window in enumerate(some):
                if (wrong := flaw_of(window)) is not None:
                    key, found, expected = wrong
                    at = ("policy", "windows", kind, number, key)
                    told = f"policy.windows.{kind}[{number}].{key}"
                    self._report(path, Flaw(line_of(root, at), told, f'"{found}"', expected))

    def holds(self, path: str) -> Holds | None:
        """What is held; nothing if there is no such file."""
        return self._read(path, Holds)[0] if path in self._files else Holds()

    def pointer(self, path: str) -> Pointer | None:
        return self._read(path, Pointer)[0]

    def _report_undeclared(self, name: str) -> None:
        _, root = self._read(CONFIG, ReconcilerConfig)
        if root is not None:
            expected = f'"{name}" among them, or no folder {name}/'
            flaw = Flaw(line_of(root, ("promotion",)), "promotion", in_file(root, ("promotion",)), expected)
            self._report(CONFIG, flaw)

    def _read(self, path: str, model: type[M]) -> tuple[M | None, Node | None]:
        content = self._files.get(path)
        if content is None:
            self._report(path, Flaw(1, "file", "no such file", f"a file of kind {kind_of(model)}"))
            return None, None
        try:
            return parse(content, model)
        except Unreadable as unreadable:
            for flaw in unreadable.flaws:
                self._report(path, flaw)
            return None, None

    def _report(self, path: str, flaw: Flaw) -> None:
        self._problems[flaw.at(path)] = (path, flaw.line)
