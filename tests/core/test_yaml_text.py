"""Whatever text is written as YAML, our own reader reads that text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core import yaml_nodes
from reconciler.core.yaml_text import dumped

IDS = st.from_regex(r"[0-9]{16}|[0-9a-f]{16}|[-+.0-9eE_]{1,20}", fullmatch=True)
ODD = ["0123456789012389", "0000000000000008", "1e5", "12345e7", ".5", "null", "", "on", "1:30", "0x1f"]


def read(text: str) -> object:
    root = yaml_nodes.read(dumped({"key": text}).encode())
    assert isinstance(root, yaml_nodes.Mapping)
    node = root.entries["key"].node
    assert isinstance(node, yaml_nodes.Scalar)
    return node.value


@given(IDS | st.text("aé ~#:-\"'"))
def test_text_is_read_as_it_was(text: str) -> None:
    assert read(text) == text


@pytest.mark.parametrize("text", ODD)
def test_what_looks_like_something_else_is_text(text: str) -> None:
    assert read(text) == text
