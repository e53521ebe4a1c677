"""What a configuration may say: a model per template, told apart by `template`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    field_validator,
    model_validator,
)

from lib.intervals import Period
from lib.warehouse.names import column_type
from lib.warehouse.tables import Merge, ReplaceAll, ReplaceInterval, Table

TEMPLATES = ("pg_incremental", "s3_file_feed", "dbt_domain")
WATERMARK = "updated_at"

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
RawSchema = Literal["RAW_CORE", "RAW_LEDGER", "RAW_FILES", "RAW_MARKET"]
AssetPath = Annotated[str, Field(pattern=r"^[a-z_]+/[a-z_0-9]+$")]
SuiteFile = Annotated[str, Field(pattern=r"^[a-z0-9_]+\.json$")]
Minutes = Annotated[StrictInt, Field(gt=0, le=7 * 24 * 60)]


class Part(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _cron(text: Any) -> Any:
    from croniter import croniter

    if isinstance(text, str) and len(text.split()) == 5 and croniter.is_valid(text):
        return text
    raise ValueError("expected a cron schedule of five fields")


Cron = Annotated[str, BeforeValidator(_cron)]


class Column(Part):
    """A column of the raw table. `pii`: it says something about a person."""

    type: Annotated[str, Field(description="A type of Snowflake, like NUMBER(18, 2)")]
    pii: bool = False

    @field_validator("type")
    @classmethod
    def _known(cls, text: str) -> str:
        try:
            return column_type(text)
        except ValueError:
            raise ValueError("expected a type of Snowflake, like NUMBER(18, 2)") from None


def _column(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


Columns = Annotated[
    dict[
        Name,
        Annotated[
            Column,
            BeforeValidator(
                _column,
                json_schema_input_type=Column | str,
            ),
        ],
    ],
    Field(min_length=1),
]
Key = Annotated[list[Name], Field(min_length=1)]


def _upper(names: list[str]) -> tuple[str, ...]:
    return tuple(name.upper() for name in names)


class Dag(Part):
    """What every configuration says. `owner`: the team that is told of failures."""

    description: Annotated[str, Field(min_length=10, max_length=200)]
    domain: Word
    owner: Word
    severity: Literal["warn", "error"] = "error"
    sla_minutes: Annotated[Minutes, Field(description="After a run is due, until it must have succeeded")]
    retries: Annotated[StrictInt, Field(ge=1, le=5)] = 2
    retry_minutes: Minutes = 5
    pool: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = "default_pool"
    suite: Annotated[SuiteFile, Field(description="Of dags/quality, with its ending")]

    @property
    def sla(self) -> timedelta:
        return timedelta(minutes=self.sla_minutes)

    @property
    def personal(self) -> list[str]:
        """The columns that say something about a person, as `table.column`."""
        return []


class PgTable(Part):
    """A table of the source. `read`: what changed since the last run, or the whole of a small one."""

    key: Key
    read: Literal["changed", "whole"] = "changed"
    columns: Columns

    @model_validator(mode="after")
    def _sound(self) -> PgTable:
        _need("key", self.key, self.columns)
        _need("columns", [WATERMARK], self.columns)
        return self


class PgSource(Part):
    """Where the tables are."""

    connection: Name
    schema_: Annotated[Name, Field(alias="schema")]


class PgIncremental(Dag):
    """Tables of PostgreSQL, by what changed in an interval."""

    template: Literal["pg_incremental"]
    schedule: Cron
    period: Literal["hour", "day"]
    source: PgSource
    target: RawSchema
    lookback_hours: Annotated[StrictInt, Field(ge=0, le=24 * 14)] = 48
    waits_for: Annotated[
        Literal["ledger.period_close"] | None, Field(description="Says by day when the source is complete")
    ] = None
    tables: Annotated[dict[Name, PgTable], Field(min_length=1)]

    @property
    def personal(self) -> list[str]:
        return [f"{name}.{one}" for name, table in self.tables.items() for one in _personal(table.columns)]

    @property
    def raw_tables(self) -> tuple[Table, ...]:
        """What is loaded, in the order of `tables`."""
        return tuple(
            Table(
                self.target, name.upper(), _types(table.columns), _upper(table.key), Merge(WATERMARK.upper())
            )
            for name, table in self.tables.items()
        )


class Trailer(Part):
    """The last row of a file: the mark, how many rows there are before it, and a column's sum."""

    mark: Annotated[str, Field(min_length=1)]
    total_of: Name


class Csv(Part):
    """Comma-separated, UTF-8, the columns named by the first row, in the order of `columns`."""

    kind: Literal["csv"]
    trailer: Trailer | None = None


class Json(Part):
    """One document: a list of rows, and values that go for all of them."""

    kind: Literal["json"]
    rows: Name


class JsonLines(Part):
    """A row per line, gzipped where the name ends with .gz."""

    kind: Literal["json_lines"]


class Parquet(Part):
    """Read by the warehouse itself."""

    kind: Literal["parquet"]


class FileTable(Part):
    """The raw table.

    `interval_column`: the date or moment that says which interval a row belongs to; without one, the files of
    the latest interval replace all there is.
    """

    schema_: Annotated[RawSchema, Field(alias="schema")]
    name: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
    key: Key
    interval_column: Name | None = None
    columns: Columns

    @model_validator(mode="after")
    def _sound(self) -> FileTable:
        _need("key", self.key, self.columns)
        _need("interval_column", [self.interval_column] if self.interval_column else [], self.columns)
        return self


_PERIODS: dict[str, Period] = {
    "hourly": "hour",
    "daily": "day",
    "banking_days": "banking_day",
    "sundays": "week",
}


class S3FileFeed(Dag):
    """Files that others put into the landing bucket."""

    template: Literal["s3_file_feed"]
    schedule: Cron
    arrives: Literal["hourly", "daily", "banking_days", "sundays"]
    folder: Annotated[
        str, Field(pattern=r"^[a-z_]+/dt=\{day\}/(hour=\{hour\}/)?$", description="With {day}, and {hour}")
    ]
    files: Annotated[
        list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]],
        Field(min_length=1, description="Waited for; others of the same endings are read too"),
    ]
    patience_minutes: Annotated[
        Minutes | None, Field(description="How long to wait for them; else the SLA")
    ] = None
    early_minutes: Annotated[
        Annotated[StrictInt, Field(gt=0, lt=24 * 60)] | None,
        Field(description="So long before its end a day's files are there, for a run of that day"),
    ] = None
    once: Annotated[bool, Field(description="Refuse a file that came before under another name")] = False
    format: Annotated[Csv | Json | JsonLines | Parquet, Field(discriminator="kind")]
    table: FileTable

    @model_validator(mode="after")
    def _sound(self) -> S3FileFeed:
        if ("{hour}" in self.folder) != (self.arrives == "hourly"):
            raise ValueError("expected {hour} in the folder where files arrive hourly, and nowhere else")
        if self.early_minutes and self.arrives not in ("daily", "banking_days"):
            raise ValueError("expected early_minutes only where files are about a day")
        trailer = self.format.trailer if isinstance(self.format, Csv) else None
        if trailer:
            _need("format.trailer.total_of", [trailer.total_of], self.table.columns)
        return self

    @property
    def feed(self) -> str:
        return self.folder.partition("/")[0]

    @property
    def period(self) -> Period:
        # Friday's evening is not the end of its weekend.
        return "day" if self.early_minutes else _PERIODS[self.arrives]

    @property
    def early(self) -> timedelta:
        return timedelta(minutes=self.early_minutes or 0)

    @property
    def patience(self) -> timedelta:
        return timedelta(minutes=self.patience_minutes or self.sla_minutes)

    @property
    def personal(self) -> list[str]:
        return [f"{self.table.name.lower()}.{one}" for one in _personal(self.table.columns)]

    @property
    def raw_table(self) -> Table:
        one = self.table
        how = ReplaceInterval(one.interval_column.upper()) if one.interval_column else ReplaceAll()
        return Table(one.schema_, one.name, _types(one.columns), _upper(one.key), how)


class DbtDomain(Dag):
    """Models that are built when what they read was loaded."""

    template: Literal["dbt_domain"]
    after: Annotated[list[AssetPath], Field(min_length=1, description="Assets, all of which must be new")]
    publishes: Annotated[list[AssetPath], Field(min_length=1)]


Config = Annotated[PgIncremental | S3FileFeed | DbtDomain, Field(discriminator="template")]


def _types(columns: dict[str, Column]) -> dict[str, str]:
    return {name.upper(): column.type for name, column in columns.items()}


def _personal(columns: dict[str, Column]) -> list[str]:
    return [name for name, column in columns.items() if column.pii]


def _need(where: str, names: list[str], columns: dict[str, Column]) -> None:
    missing = [name for name in names if name not in columns]
    if missing:
        raise ValueError(f"expected every name of {where} among the columns, missing: {', '.join(missing)}")
