"""A report is delivered once, as somebody else than its preparer approved it, to the byte."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lib.intervals import Interval
from lib.lake import Lake
from lib.regulatory.approval import Decision, Refused, current_user, decisions, settled, statement
from lib.regulatory.calendar import opened
from lib.regulatory.delivery import AlreadyDelivered, NotAsApproved, deliver, draft, report_id
from lib.regulatory.extract import EmptyReport, Extract, extract
from lib.regulatory.signing import Signer, from_airflow, verify
from lib.warehouse.schemas import prepare

from local.films_source import create_database
from local.postgres import Postgres
from local.warehouse import Warehouse
from tests.dags.conftest import execute
from tests.dags.lake import keys, lake
from tests.dags.warehouse_world import Database

MAY = Interval(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
AT = datetime(2026, 6, 2, 9, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
FILES = Extract({"rpt_liquidity.csv": b"month\n2026-05-01\n", "rpt_revenue_monthly.csv": b"month\n"})


def pem(key: Any) -> SimpleNamespace:
    return SimpleNamespace(
        password=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    )


@pytest.fixture
def signer() -> Signer:
    return from_airflow(pem(KEY))


@pytest.fixture
def bucket() -> Iterator[Lake]:
    with lake() as made:
        yield made


@pytest.fixture(scope="module")
def database(warehouse: Warehouse) -> Iterator[Database]:
    made = Database(warehouse)
    with closing(made.connection):
        prepare(made.connection)
        with made.connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE MARTS.RPT_LIQUIDITY (MONTH DATE, AS_OF DATE, CURRENCY VARCHAR, "
                "CENTRAL_BANK_CASH NUMBER(18, 2), NOSTRO_BALANCE NUMBER(18, 2), "
                "LIQUID_ASSETS NUMBER(18, 2), CUSTOMER_DEPOSITS NUMBER(18, 2), PAYABLES NUMBER(18, 2), "
                "OUTFLOW_30_DAYS NUMBER(18, 2), COVERAGE_RATIO NUMBER(18, 4), LOADED_AT TIMESTAMP_NTZ)"
            )
            cursor.execute(
                "CREATE TABLE MARTS.RPT_REVENUE_MONTHLY (MONTH DATE, DAY_COUNT NUMBER, FEE_COUNT NUMBER, "
                "FEE_REVENUE_USD NUMBER(18, 2), INTERCHANGE_REVENUE_USD NUMBER(18, 2), "
                "TOTAL_REVENUE_USD NUMBER(18, 2), LOADED_AT TIMESTAMP_NTZ)"
            )
            for month in ("2026-04-01", "2026-05-01"):
                for currency in ("USD", "EUR"):
                    cursor.execute(
                        f"INSERT INTO MARTS.RPT_LIQUIDITY VALUES ('{month}', '{month}', '{currency}', "
                        "1000000, 2.5, 3, 4, 5, 6, NULL, '2026-06-01')"
                    )
                cursor.execute(
                    "INSERT INTO MARTS.RPT_REVENUE_MONTHLY "
                    f"VALUES ('{month}', 31, 7, 1, 2, 3.10, '2026-06-01')"
                )
        yield made


def approved(by: str = "compliance", digest: str = FILES.digest) -> Decision:
    return Decision("2026-05", digest, "approved", by, AT, "seen")


def test_the_extract_is_the_months_rows_in_a_fixed_form(database: Database) -> None:
    found = extract(database.connection, MAY)
    liquidity = list(csv.DictReader(io.StringIO(found.files["rpt_liquidity.csv"].decode())))
    assert [(row["month"], row["currency"]) for row in liquidity] == [
        ("2026-05-01", "EUR"),
        ("2026-05-01", "USD"),
    ]
    assert liquidity[0]["central_bank_cash"] == "1000000.00"
    assert liquidity[0]["coverage_ratio"] == ""
    assert b"loaded_at" not in b"".join(found.files.values())
    assert found.files["rpt_revenue_monthly.csv"].splitlines()[1] == b"2026-05-01,31,7,1.00,2.00,3.10"


def test_building_the_marts_anew_from_the_same_rows_leaves_the_digest(database: Database) -> None:
    before = extract(database.connection, MAY).digest
    with database.connection.cursor() as cursor:
        cursor.execute("UPDATE MARTS.RPT_LIQUIDITY SET LOADED_AT = '2026-07-01'")
    assert extract(database.connection, MAY).digest == before
    with database.connection.cursor() as cursor:
        cursor.execute("UPDATE MARTS.RPT_LIQUIDITY SET PAYABLES = 5.01 WHERE CURRENCY = 'EUR'")
    assert extract(database.connection, MAY).digest != before


def test_a_month_without_rows_is_no_report(database: Database) -> None:
    july = Interval(datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC))
    with pytest.raises(EmptyReport, match="RPT_LIQUIDITY has no rows from 2026-07 on"):
        extract(database.connection, july)


def test_who_decided_is_the_sessions_user(database: Database) -> None:
    database.ask(statement("2026-05", "d1"))
    (found,) = decisions(database.connection, "2026-05", "d1")
    assert found.by == current_user(database.connection)
    assert abs(found.at - datetime.now(UTC)) < timedelta(minutes=5)
    assert decisions(database.connection, "2026-05", "d2") == []
    assert decisions(database.connection, "2026-06", "d1") == []


def test_nobody_approves_their_own() -> None:
    assert settled([approved(by="Finedge")], prepared_by="FINEDGE") is None
    assert settled([approved(by="finedge"), approved()], prepared_by="FINEDGE") == approved()


def test_the_first_word_counts() -> None:
    refused = replace(approved(by="auditor"), verdict="refused", comment="the EUR cash is wrong")
    with pytest.raises(Refused, match="2026-05 was refused by auditor at 2026-06-02 09:00: the EUR cash"):
        settled([refused, approved()], "finedge")
    assert settled([approved(), refused], "finedge") == approved()
    assert settled([], "finedge") is None


def test_what_is_delivered_can_be_verified_by_its_receiver(bucket: Lake, signer: Signer) -> None:
    folder = draft(bucket, "2026-05", FILES)
    key, rows = deliver(bucket, "2026-05", MAY, approved(), signer)
    assert rows == 1
    body = bucket.read(key)
    manifest = json.loads(body)
    public = KEY.public_key().public_bytes_raw()
    signature = bucket.read(f"{folder}/{manifest['signature']['file']}")
    verify(public, body, signature)
    with pytest.raises(InvalidSignature):
        verify(public, body + b" ", signature)
    for name, said in manifest["files"].items():
        content = bucket.read(f"{folder}/{name}")
        assert hashlib.sha256(content).hexdigest() == said["sha256"]
        assert len(content) == said["bytes"]
    assert manifest["approval"] == {
        "by": "compliance",
        "at": "2026-06-02T09:00:00+00:00",
        "digest": FILES.digest,
        "comment": "seen",
    }
    assert manifest["signature"]["key"] == hashlib.sha256(public).hexdigest()[:16]
    assert json.loads(bucket.read("regulatory/2026-05/delivered.json"))["manifest"] == key


def test_delivering_again_writes_the_same_bytes(bucket: Lake, signer: Signer) -> None:
    draft(bucket, "2026-05", FILES)
    deliver(bucket, "2026-05", MAY, approved(), signer)
    before = {key: bucket.read(key) for key in keys(bucket)}
    draft(bucket, "2026-05", FILES)
    deliver(bucket, "2026-05", MAY, approved(), signer)
    assert {key: bucket.read(key) for key in keys(bucket)} == before


def test_other_bytes_than_those_approved_are_not_delivered(bucket: Lake, signer: Signer) -> None:
    folder = draft(bucket, "2026-05", FILES)
    bucket.write(f"{folder}/rpt_liquidity.csv", b"month\n2026-05-02\n")
    with pytest.raises(NotAsApproved):
        deliver(bucket, "2026-05", MAY, approved(), signer)
    assert keys(bucket, "regulatory/2026-05/delivered") == []


def test_a_delivered_report_is_corrected_by_a_revision_only(bucket: Lake, signer: Signer) -> None:
    other = Extract({**FILES.files, "rpt_liquidity.csv": b"month\n2026-05-09\n"})
    draft(bucket, "2026-05", FILES)
    deliver(bucket, "2026-05", MAY, approved(), signer)
    first = bucket.read("regulatory/2026-05/delivered.json")
    draft(bucket, "2026-05", other)
    with pytest.raises(AlreadyDelivered, match="correct it by a further revision"):
        deliver(bucket, "2026-05", MAY, approved(digest=other.digest), signer)
    assert bucket.read("regulatory/2026-05/delivered.json") == first
    again = report_id(MAY, 2)
    draft(bucket, again, other)
    deliver(bucket, again, MAY, approved(digest=other.digest), signer)
    assert bucket.read("regulatory/2026-05/delivered.json") == first
    assert keys(bucket, "regulatory/2026-05-r2/delivered")


def test_whoever_dies_before_the_last_object_has_delivered_nothing(bucket: Lake, signer: Signer) -> None:
    class Dying(Lake):
        left = 0

        def write_once(self, key: str, body: bytes) -> str:
            Dying.left -= 1
            if Dying.left < 0:
                raise InterruptedError
            return super().write_once(key, body)

    draft(bucket, "2026-05", FILES)
    for writes in range(3):
        Dying.left = writes
        with pytest.raises(InterruptedError):
            deliver(Dying(bucket.client, bucket.bucket), "2026-05", MAY, approved(), signer)
        assert keys(bucket, "regulatory/2026-05/delivered") == []
    # Another draft may still become the report.
    other = Extract({**FILES.files, "rpt_liquidity.csv": b"month\n2026-05-09\n"})
    draft(bucket, "2026-05", other)
    deliver(bucket, "2026-05", MAY, approved(digest=other.digest), signer)
    assert json.loads(bucket.read("regulatory/2026-05/delivered.json"))["digest"] == other.digest


def test_a_month_has_the_days_that_the_ledger_opened(postgres: Postgres) -> None:
    url = f"{postgres.url.rpartition('/')[0]}/calendar"
    create_database(url)
    execute(
        url,
        "CREATE SCHEMA ledger",
        "CREATE TABLE ledger.period_close (business_date date, status text)",
        "INSERT INTO ledger.period_close VALUES "
        "('2026-05-31', 'open'), ('2026-05-04', 'closed'), ('2026-04-30', 'closed'), ('2026-06-01', 'open')",
    )
    july = Interval(datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC))
    with closing(psycopg2.connect(url)) as source:
        assert [(day.start.day, day.end - day.start) for day in opened(source, MAY)] == [
            (4, timedelta(days=1)),
            (31, timedelta(days=1)),
        ]
        # Nothing at all is no reason not to wait.
        assert opened(source, july) == [july]


def test_reports_are_named_by_month_and_revision() -> None:
    assert [report_id(MAY), report_id(MAY, 3)] == ["2026-05", "2026-05-r3"]
    with pytest.raises(ValueError, match="a revision is a number from 1 on"):
        report_id(MAY, 0)


def test_another_kind_of_key_is_refused() -> None:
    with pytest.raises(ValueError, match="Ed25519"):
        from_airflow(pem(generate_private_key(SECP256R1())))
