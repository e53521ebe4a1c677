"""Puts the feeds' files where the pipelines look for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from local.sources.bank import Bank
from local.sources.feeds import (
    ach_returns,
    bank_statements,
    card_settlement,
    clickstream,
    credit_bureau,
    fx_rates,
    processor_payouts,
    sanctions,
)
from local.sources.feeds.feed import Feed, Files, HourlyFeed
from local.sources.times import Interval

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FEEDS: tuple[Feed | HourlyFeed, ...] = (
    card_settlement.FEED,
    ach_returns.FEED,
    processor_payouts.FEED,
    bank_statements.FEED,
    fx_rates.FEED,
    clickstream.FEED,
    credit_bureau.FEED,
    sanctions.FEED,
)
Put = Callable[[str, bytes], object]


def deliver(put: Put, bank: Bank, interval: Interval) -> Counter[str]:
    """Hand an interval's files to `put`: hourly feeds by hour, the others by whole day; files by feed."""
    counts: Counter[str] = Counter()
    for feed in FEEDS:
        for files in _of(feed, bank, interval):
            for key, content in files.items():
                put(key, content)
            counts[feed.name] += len(files)
    return counts


def bucket(client: S3Client, name: str) -> Put:
    """For `deliver`: writes to a bucket that is there. Raises botocore's ClientError."""
    return lambda key, content: client.put_object(Bucket=name, Key=key, Body=content)


def _of(feed: Feed | HourlyFeed, bank: Bank, interval: Interval) -> Iterator[Files]:
    if isinstance(feed, HourlyFeed):
        return (feed.files(bank, hour) for hour in interval.hours())
    return (feed.files(bank, day) for day in interval.days() if feed.comes(day))
