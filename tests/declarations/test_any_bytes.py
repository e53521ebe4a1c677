"""Whatever a file holds, reading it ends with a value or with InvalidInput."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.declarations import parse_all, parse_desired, set_versions
from reconciler.model.component import Component
from reconciler.model.errors import InvalidInput
from tests.declarations.files import POINTER, folder

# Arbitrary bytes are rarely YAML; pieces of YAML put together wrongly get further.
_PIECES = st.sampled_from(
    rb"""\n \t :\x20 : -\x20 ?\x20 [ ] { } , &a\x20 *a !!int\x20 ! |\n >-\n ' " "\\u0000" "\\ud800"
    # ---\n ...\n %YAML\x201.2\n %TAG\x20!\x20x\n << ~ .nan -.inf 1e999 0x1F 1:30 \r \xc2\x85 \xff \0
    \x20\x20 \x20 9999999999999999999999 apiVersion reconciler/v1 kind Pointer components dags version 1.0.0
    digest""".split()
).map(lambda piece: piece.decode("unicode_escape").encode("latin-1"))
_CONTENTS = st.binary(max_size=400) | st.lists(_PIECES, max_size=40).map(b"".join)


@given(_CONTENTS)
def test_a_file_with_anything_in_it(content: bytes) -> None:
    for path in ("reconciler.yaml", "dev/environment.yaml", "dev/pointer.yaml"):
        files = folder({path: content})
        try:
            parse_desired(files, "dev")
            parse_all(files)
        except InvalidInput as invalid:
            told = all(problem.startswith(path) for problem in invalid.problems)
            assert told, invalid.problems  # noqa: PT017 - most contents are invalid, a few are not


@given(st.integers(0, len(POINTER)), st.integers(0, len(POINTER)), _CONTENTS)
def test_a_pointer_with_anything_put_into_it(start: int, end: int, content: bytes) -> None:
    pointer = POINTER[:start] + content + POINTER[max(start, end) :]
    try:
        edited = set_versions(pointer, {Component.DAGS: "2.0.0"})
    except InvalidInput:
        return
    after = parse_desired(folder({"dev/pointer.yaml": edited}), "dev").pointer
    before = parse_desired(folder({"dev/pointer.yaml": pointer}), "dev").pointer
    assert after.components[Component.DAGS].version == "2.0.0"
    assert after.components[Component.LIBS] == before.components[Component.LIBS]
    assert after.components[Component.DBT] == before.components[Component.DBT]
