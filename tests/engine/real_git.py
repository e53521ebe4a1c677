"""A scene whose environment repo is a real Git with real SSH signatures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.adapters.git_cache import Remote
from reconciler.adapters.git_repo import GitRepo
from reconciler.adapters.git_rules import Identity
from reconciler.adapters.reverter import SigningReverter
from tests.adapters.git_host import GitHost
from tests.adapters.ssh_people import person
from tests.engine.alarmed import KNOWN, Alarmed
from tests.engine.scene import Scene

BOT = Identity("Bot", "bot@example.com")
KEY = person("reverter").key
SIGNERS = person("ana").signer + person("reverter").signer


class PeoplesRepo(GitRepo):
    """A repo that people push to as well."""

    def __init__(self, home: Path) -> None:
        self.host, self.home = GitHost(home), home
        super().__init__(Remote(self.host.url), home / "cache", BOT)

    def person_pushes(
        self, files: Mapping[str, bytes | None], message: str = "Change", *, by: Identity | None = None
    ) -> str:
        """As ``MemoryEnvironmentRepo.person_pushes``, never signed."""
        return self.host.person_pushes(files, message, by=by)

    def as_(self, name: str, email: str, key: str) -> GitRepo:
        """The same repo, pushed to by somebody."""
        return GitRepo(Remote(self.host.url), self.home / "cache", Identity(name, email, key))


class GitScene(Scene):
    """A scene with such a repo."""

    home: Path

    def __post_init__(self) -> None:
        super().__post_init__()
        self.repo = PeoplesRepo(self.home)  # type: ignore[assignment]
        self.world = self.world_of("tick")


def alarmed_on_git(home: Path) -> Alarmed:
    """As ``Alarmed``, on a real Git."""
    GitScene.home = home
    alarmed = Alarmed(GitScene(shared=KNOWN, signers=SIGNERS))
    repo = alarmed.scene.repo
    assert isinstance(repo, PeoplesRepo)
    alarmed.reverter = SigningReverter(  # type: ignore[assignment]
        repo, repo.as_, KEY.read_text, "secret", alarmed.scene.clock
    )
    return alarmed
