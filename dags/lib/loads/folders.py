"""Where a feed's files of an interval are, and which of them have to be there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time

from lib.extract.landing import Folder, Landing
from lib.factory.model import S3FileFeed
from lib.intervals import Interval


def folders(config: S3FileFeed, interval: Interval) -> list[Folder]:
    """Where the interval's files may be."""
    if config.arrives == "hourly":
        return [_folder(config, hour) for hour in interval.hours()]
    return [_folder(config, datetime.combine(day, time(), UTC)) for day in interval.days()]


def awaited(config: S3FileFeed, interval: Interval) -> list[str]:
    """The keys that have to be there before the interval is read."""
    comes: dict[str, Callable[[datetime], bool]] = {
        "banking_days": lambda about: about.isoweekday() <= 5,
        "sundays": lambda about: about.isoweekday() == 7,
    }
    due = comes.get(config.arrives, lambda _: True)
    return [
        f"{folder.key}{name}"
        for folder in folders(config, interval)
        if due(folder.about)
        for name in config.files
    ]


def missing(landing: Landing, config: S3FileFeed, interval: Interval) -> list[str]:
    """Those of the awaited keys that are not there."""
    wanted = awaited(config, interval)
    present: set[str] = set()
    for folder in sorted({key.rpartition("/")[0] + "/" for key in wanted}):
        present.update(landing.keys(folder))
    return [key for key in wanted if key not in present]


def _folder(config: S3FileFeed, about: datetime) -> Folder:
    return Folder(config.folder.format(day=about.date().isoformat(), hour=f"{about:%H}"), about)
