"""Reading a list that changes between two pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.adapters.airflow_paging import Page, every
from reconciler.model.errors import Transient


class Changing:
    """A list that is changed by ``between`` after each page. ``cap`` is the server's longest page."""

    def __init__(
        self, n: int, between: Callable[[list[int], int], None] | None = None, cap: int = 100
    ) -> None:
        self.rows = list(range(n))
        self.asked: list[tuple[int, int]] = []
        self._between = between
        self._cap = cap

    def fetch(self, offset: int, limit: int) -> Page[int]:
        self.asked.append((offset, limit))
        page = Page(self.rows[offset : offset + min(limit, self._cap)], len(self.rows))
        if self._between:
            self._between(self.rows, len(self.asked))
        return page

    def read(self) -> list[int]:
        return every(self.fetch, lambda row: row, "numbers")


@pytest.mark.parametrize("n", [0, 1, 99, 100, 101, 190, 191, 1_000])
def test_every_row_is_read_once(n: int) -> None:
    assert Changing(n).read() == list(range(n))


@pytest.mark.parametrize("n", [0, 1, 100])
def test_what_fits_a_page_takes_one_call(n: int) -> None:
    changing = Changing(n)
    changing.read()
    assert changing.asked == [(0, 100)]


def test_a_server_with_shorter_pages_is_read_to_its_end() -> None:
    assert Changing(120, cap=25).read() == list(range(120))
    assert Changing(7, cap=1).read() == list(range(7))


def test_no_lasting_row_is_missed_while_others_end() -> None:
    def ends(rows: list[int], call: int) -> None:
        del rows[:9]

    changing = Changing(300, ends)
    read = changing.read()
    assert set(changing.rows) <= set(read)
    assert len(read) == len(set(read))


def test_rows_that_end_faster_than_the_overlap_make_it_read_again() -> None:
    def ends_once(rows: list[int], call: int) -> None:
        if call == 1:
            del rows[:50]

    changing = Changing(300, ends_once)
    assert changing.read() == changing.rows == list(range(50, 300))


def test_rows_that_always_end_too_fast_are_a_failure_that_passes() -> None:
    def ends(rows: list[int], call: int) -> None:
        del rows[:40]
        rows.extend(range(call * 1_000, call * 1_000 + 40))

    with pytest.raises(Transient, match="numbers change faster"):
        Changing(300, ends).read()


def test_a_server_that_gives_nothing_of_what_it_counts_is_given_up() -> None:
    with pytest.raises(Transient):
        every(lambda offset, limit: Page([], 5), lambda row: row, "numbers")


def test_a_list_that_shrinks_to_nothing_is_read() -> None:
    assert Changing(150, lambda rows, call: rows.clear()).read() == []
