"""Makes the sources of a running stack ready to be read: the bank's database, and a landing bucket for each
environment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from local.sources.bank import Bank
from local.sources.database import seed
from local.sources.landing import bucket, deliver
from local.sources.times import Interval

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATABASE = "finedge_source"


def landing_bucket(environment: str) -> str:
    """The name of an environment's bucket."""
    return f"finedge-landing-{environment}"


def prepare(
    postgres_url: str, s3: S3Client, environments: Iterable[str], bank: Bank, interval: Interval
) -> Counter[str]:
    """Make the database anew and put the interval's files into each bucket; rows by table, files by feed.

    `postgres_url` may name any database of the server; ours is made beside it. Buckets are made where they
    are missing, and files of the same keys replaced. Raises psycopg.Error or botocore's ClientError.
    """
    counts = seed(f"{postgres_url.rpartition('/')[0]}/{DATABASE}", bank, interval)
    there = {found["Name"] for found in s3.list_buckets()["Buckets"]}
    for environment in environments:
        name = landing_bucket(environment)
        if name not in there:
            s3.create_bucket(Bucket=name)
        counts += deliver(bucket(s3, name), bank, interval)
    return counts
