"""What the pipelines read: made before the first day, and added to when a further day is over."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from local import aws, films_source
from local.platform.connections import FILMS, lake_bucket
from local.platform.days import DAYS, SUNDAYS
from local.sources import database
from local.sources.bank import SIZES, Bank
from local.sources.feeds import credit_bureau
from local.sources.landing import bucket, deliver
from local.sources.prepare import DATABASE, landing_bucket
from local.sources.times import Interval
from local.stack_info import StackInfo

SEED = 1


@dataclass(frozen=True)
class Sources:
    """Of one stack and environment."""

    info: StackInfo
    environment: str
    size: str

    @property
    def bank(self) -> Bank:
        """What everything is derived from."""
        return Bank(SEED, SIZES[self.size])

    def begin(self) -> None:
        """Make the films' and the bank's databases and both buckets, as they are before the first day."""
        films_source.seed(*(self.url(name) for name in FILMS))
        films_source.create_database(self.url(DATABASE))
        with psycopg.connect(self.url(DATABASE)) as connection:
            database.create(connection)
            database.found(connection, self.bank)
        s3 = aws.client("s3", self.info.aws_endpoint)
        for name in (landing_bucket(self.environment), lake_bucket(self.environment)):
            s3.create_bucket(Bucket=name)

    def live(self, number: int) -> None:
        """A day comes and is over: rows and changes, the closed ledger, files, and the bureau's of a week."""
        day = Interval.of_day(DAYS[number])
        with psycopg.connect(self.url(DATABASE)) as connection:
            database.append(connection, self.bank, day)
            database.close(connection, DAYS[number])
        put = bucket(aws.client("s3", self.info.aws_endpoint), landing_bucket(self.environment))
        deliver(put, self.bank, day)
        for key, content in credit_bureau.FEED.files(self.bank, SUNDAYS[number]).items():
            put(key, content)

    def url(self, name: str) -> str:
        """A database of the stack's PostgreSQL."""
        return f"{self.info.postgres_url.rpartition('/')[0]}/{name}"
