"""Whatever is committed in whatever order: one tick later it runs, and a second tick does nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.engine.world import Outcome
from tests.engine.scene import Scene

dag_sets = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["x", "y", "z"]), min_size=1)


@settings(max_examples=60, deadline=None)
@given(st.lists(dag_sets, min_size=1, max_size=5), st.data())
def test_any_sequence_of_releases_converges(versions: list[dict[str, str]], data: st.DataObject) -> None:
    scene = Scene()
    for number, dags in enumerate(versions):
        scene.deploy(f"1.{number}.0", dags)
        pointers = {key: scene.folder.read(key) for key in scene.folder.list() if not key.startswith("_")}
        assert set(scene.running()) == set(dags)
        for dag_id, live in scene.state.live.items():
            assert scene.artifacts.open_release(live.pointer.release)
            assert (
                live.fingerprint
                == scene.artifacts.release(scene.state.applied.release).dags[dag_id].fingerprint
            )
        assert scene.tick().outcome is Outcome.IDLE
        assert pointers == {
            key: scene.folder.read(key) for key in scene.folder.list() if not key.startswith("_")
        }
    back = data.draw(st.integers(0, len(versions) - 1))
    scene.push(f"1.{back}.0")
    scene.tick()
    assert set(scene.running()) == set(versions[back])
