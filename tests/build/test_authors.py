"""An artifact names everybody who wrote what is new in it: approval by somebody else depends on that."""

from __future__ import annotations

from reconciler.build.package import build_component
from reconciler.model.artifact import ArtifactManifest
from reconciler.model.component import Component
from tests.build.code_repo import ANA, BEN, CodeRepo

CO = "Change\n\nBecause.\n\nCo-authored-by: Cleo <cleo@example.com>\nco-authored-by: Dan <dan@example.com>\n"


def build(repo: CodeRepo, version: str, parent: ArtifactManifest | None = None) -> ArtifactManifest:
    return build_component(repo.root, Component.DAGS, version, parent)[0]


def test_all_authors_of_the_component_where_there_is_no_parent(repo: CodeRepo) -> None:
    repo.commit({"dags/other.py": b""}, author=BEN)
    assert build(repo, "1.0.0").authors == (ANA, BEN)


def test_only_those_since_the_parent_and_of_this_component(repo: CodeRepo) -> None:
    parent = build(repo, "1.0.0")
    repo.commit({"dags/lib/loading.py": b"", "README.md": b""}, author="Eve <eve@example.com>")
    assert build(repo, "1.1.0", parent).authors == ()
    repo.commit({"dags/films.py": b""}, author=BEN)
    assert build(repo, "1.1.0", parent).authors == (BEN,)


def test_co_authors_count(repo: CodeRepo) -> None:
    parent = build(repo, "1.0.0")
    repo.commit({"dags/films.py": b""}, CO, author=BEN)
    expected = (BEN, "Cleo <cleo@example.com>", "Dan <dan@example.com>")
    assert build(repo, "1.1.0", parent).authors == expected


def test_a_branch_that_was_merged_counts_and_a_mailmap_hides_nobody(repo: CodeRepo) -> None:
    parent = build(repo, "1.0.0")
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit({"dags/films.py": b"# other\n"}, author=BEN)
    repo.git("checkout", "--quiet", "main")
    repo.commit({".mailmap": b"Ana <ana@example.com> Ben <ben@example.com>\n"})
    # Their side is thrown away by the merge, so that simplified history would not show Ben.
    repo.git("merge", "--quiet", "--strategy=ours", "side", "--message", "Merge")
    assert BEN in build(repo, "1.1.0", parent).authors
