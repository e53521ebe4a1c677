"""Transactions that are begun and ended here, so that it is plain what goes together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")

# Snowflake ends a statement when too many wait for the same lock.
_LOCKED = {625}
_TRIES, _PAUSE_SECONDS = 6, 0.2


@contextmanager
def transaction(cursor) -> Iterator[None]:
    """What is executed within is committed at the end, or rolled back where anything was raised."""
    cursor.execute("BEGIN")
    try:
        yield
        cursor.execute("COMMIT")
    except BaseException:
        with suppress(Exception):
            cursor.execute("ROLLBACK")
        raise


def patiently(act: Callable[[], T]) -> T:
    """Do it, and again (for some 12 s) while others' transactions are in the way. Raises its last error."""
    for tries in range(1, _TRIES):
        try:
            return act()
        except Exception as error:
            if getattr(error, "errno", None) not in _LOCKED:
                raise
            log.info("others are in the way, try %s: %s", tries, error)
            time.sleep(_PAUSE_SECONDS * 2**tries)
    return act()
