"""Stages the files that a feed has put into the landing bucket for an interval."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from gzip import BadGzipFile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO

from lib.extract.broken import RuleBroken
from lib.extract.formats import Cells, csv_rows, json_lines, json_rows
from lib.extract.landing import Landing
from lib.extract.values import BadValue, maker
from lib.factory.model import Csv, Json, JsonLines, Parquet, S3FileFeed
from lib.intervals import Interval
from lib.loads.folders import folders
from lib.loads.handover import Handover, LandedFile
from lib.loads.landed import NO_FILE_TWICE, refuse_twice
from lib.loads.rules import Result, keep_results
from lib.warehouse.batch import Batch
from lib.warehouse.bulk import Row
from lib.warehouse.checks import Rejected
from lib.warehouse.parquet import stage_parquet
from lib.warehouse.schemas import prepare
from lib.warehouse.staging import stage

# What readers raise of a file that is not what it should be. A network's errors are tried again.
_UNREADABLE = (
    *(ValueError, LookupError, TypeError, AttributeError, EOFError),
    *(csv.Error, zlib.error, BadGzipFile),
)


def stage_files(landing: Landing, warehouse, dag_id: str, config: S3FileFeed, interval: Interval) -> Handover:
    """Stage the rows of all files that the interval's folders hold.

    Raises RuleBroken or Rejected for a file that must not be loaded, else what boto3 or the connector
    raises.
    """
    batch, table = interval.batch(dag_id), config.raw_table
    prepare(warehouse, [table])
    files = _files(landing, config, interval)
    landed: list[LandedFile] = []
    rules = _rules(config)
    try:
        if isinstance(config.format, Parquet):
            staged = _stage_parquet(landing, warehouse, config, batch, files, landed)
        else:
            sources = ((key, _rows(landing, config, key, landed)) for key in files)
            staged = stage(warehouse, table, batch, sources)
        if config.once:
            refuse_twice(warehouse, config.feed, batch, landed)
    except RuleBroken as broken:
        keep_results(warehouse, batch, [Result(table.logical_name, broken.rule, str(broken))])
        raise
    keep_results(warehouse, batch, [Result(table.logical_name, rule) for rule in rules])
    return Handover(batch, (staged,), len(rules), config.feed, tuple(landed))


def _files(landing: Landing, config: S3FileFeed, interval: Interval) -> list[str]:
    """All files of the feed's endings; where each day's replace those of the day before, the last day's."""
    endings = tuple("".join(PurePosixPath(name).suffixes) for name in config.files)
    found = [
        [key for key in landing.keys(folder.key) if key.endswith(endings)]
        for folder in folders(config, interval)
    ]
    wanted = found if config.table.interval_column else [keys for keys in found if keys][-1:]
    return [key for keys in wanted for key in keys]


def _rules(config: S3FileFeed) -> list[str]:
    found = ["columns_match"] if isinstance(config.format, Csv) else []
    if isinstance(config.format, Csv) and config.format.trailer:
        found += ["trailer_count", "trailer_total"]
    return [*found, NO_FILE_TWICE] if config.once else found


def _rows(landing: Landing, config: S3FileFeed, key: str, landed: list[LandedFile]) -> Iterator[Row]:
    """A file's rows, in the order of the table's columns; when they end, the file has landed."""
    makers = [(name, maker(name, column.type)) for name, column in config.table.columns.items()]
    count = 0
    with landing.open(key) as stream:
        try:
            for cells in _cells(config, key)(stream):
                count += 1
                yield [make(cells.get(name)) for name, make in makers]
        except RuleBroken as broken:
            raise broken.of(key) from None
        except BadValue as bad:
            raise Rejected(f"{key}, row {count}: {bad}") from bad
        except _UNREADABLE as error:
            # Not the text: it may quote the file.
            raise Rejected(f"{key}, after row {count}: {type(error).__name__}") from error
        landed.append(LandedFile(key, stream.sha256(), count))


def _cells(config: S3FileFeed, key: str) -> Callable[[IO[bytes]], Iterator[Cells]]:
    match config.format:
        case Csv(trailer=trailer):
            ends = (trailer.mark, trailer.total_of) if trailer else None
            return partial(csv_rows, columns=list(config.table.columns), trailer=ends)
        case Json(rows=rows):
            return partial(json_rows, rows=rows)
        case JsonLines():
            return partial(json_lines, zipped=key.endswith(".gz"))
    raise ValueError(f"{config.format.kind} is not read as rows")


def _stage_parquet(
    landing: Landing,
    warehouse,
    config: S3FileFeed,
    batch: Batch,
    files: list[str],
    landed: list[LandedFile],
):
    with TemporaryDirectory(prefix="landing-") as place:
        saved = {key: Path(place) / f"{number}.parquet" for number, key in enumerate(files)}
        digests = {key: landing.save(key, path) for key, path in saved.items()}
        staged = stage_parquet(warehouse, config.raw_table, batch, saved)
    with warehouse.cursor() as cursor:
        cursor.execute(f'SELECT "_SOURCE_FILE", COUNT(*) FROM {staged.name} GROUP BY 1')
        counts = dict(cursor.fetchall())
    landed += [LandedFile(key, digest, int(counts.get(key, 0))) for key, digest in digests.items()]
    return staged
