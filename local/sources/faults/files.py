"""Faults in the landing feeds."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from local.sources import people
from local.sources.bank import Bank
from local.sources.cards import NETWORKS, network
from local.sources.draw import money
from local.sources.faults.fault import FileFault
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
from local.sources.feeds.feed import Files

Lines = list[list[str]]


def _csv(change: Callable[[Lines], Lines]) -> Callable[[Bank, date, Files], Files]:
    """Changes the cells of the day's first file; no feed needs quotes."""

    def spoil(_bank: Bank, _day: date, files: Files) -> Files:
        first = min(files)
        lines = change([line.split(",") for line in files[first].decode().splitlines()])
        return files | {first: "".join(",".join(line) + "\n" for line in lines).encode()}

    return spoil


def _payouts(change: Callable[[dict[str, Any]], None]) -> Callable[[Bank, date, Files], Files]:
    """Changes the day's first payout."""

    def spoil(_bank: Bank, day: date, files: Files) -> Files:
        document = json.loads(files[processor_payouts.key(day)])
        change(document["payouts"][0])
        return {processor_payouts.key(day): json.dumps(document).encode()}

    return spoil


def _trailer(column: int, step: Decimal) -> Callable[[Lines], Lines]:
    def change(lines: Lines) -> Lines:
        trailer = list(lines[-1])
        trailer[column] = str(Decimal(trailer[column]) + step)
        return [*lines[:-1], trailer]

    return change


def _file_twice(_bank: Bank, _day: date, files: Files) -> Files:
    first = min(files)
    return files | {first.replace(".csv", "-resent.csv"): files[first]}


def _unknown_code(lines: Lines) -> Lines:
    column = ach_returns.COLUMNS.index("return_code")
    return [lines[0], [*lines[1][:column], "R99", *lines[1][column + 1 :]], *lines[2:]]


def _wrong_closing(lines: Lines) -> Lines:
    column = bank_statements.COLUMNS.index("closing_balance")
    return [
        lines[0],
        *([*line[:column], str(Decimal(line[column]) + money(1)), *line[column + 1 :]] for line in lines[1:]),
    ]


def _rate(factor: float) -> Callable[[Bank, date, Files], Files]:
    def spoil(bank: Bank, day: date, _files: Files) -> Files:
        prices = fx_rates.rates(bank, day)
        return {
            fx_rates.key(day): fx_rates.encode(day, prices | {"EUR": f"{float(prices['EUR']) * factor:.6f}"})
        }

    return spoil


def _unknown_event(_bank: Bank, _day: date, files: Files) -> Files:
    first = min(files)
    one, *others = gzip.decompress(files[first]).splitlines()
    spoilt = json.dumps(json.loads(one) | {"event_type": "rage_click"}).encode()
    return files | {first: gzip.compress(b"\n".join([spoilt, *others, b""]), mtime=0)}


def _low_score(bank: Bank, day: date, _files: Files) -> Files:
    one, *others = credit_bureau.scores(bank, day)
    return {credit_bureau.key(day): credit_bureau.encode(iter([one._replace(score=200), *others]))}


def _shifted_scores(bank: Bank, day: date, _files: Files) -> Files:
    rows = (row._replace(score=min(850, row.score + 150)) for row in credit_bureau.scores(bank, day))
    return {credit_bureau.key(day): credit_bureau.encode(rows)}


def _line_missing(bank: Bank, day: date, files: Files) -> Files:
    """The trailer is right: only who compares with the authorisations can know."""
    first = next(iter(NETWORKS))
    rows = [row for row in card_settlement.settled(bank, day) if network(row.card_id) == first]
    return files | {card_settlement.key(day, first): card_settlement.encode(bank, rows[1:])}


def _other_gross(payout: dict[str, Any]) -> None:
    for part in ("gross", "net"):
        payout[part] = str(Decimal(payout[part]) + 10)


def _wrong_net(payout: dict[str, Any]) -> None:
    payout["net"] = str(Decimal(payout["net"]) + money(1))


def _no_fee(payout: dict[str, Any]) -> None:
    del payout["fee"]


def _entry_missing(bank: Bank, day: date, files: Files) -> Files:
    """The first payout that should have arrived; the balances are right without it."""
    currency, entries = next(
        (currency, entries)
        for currency, entries in bank_statements.movements(bank, day).items()
        if any(reference.startswith("PO-") for reference, _ in entries)
    )
    gone = next(entry for entry in entries if entry[0].startswith("PO-"))
    left = [entry for entry in entries if entry != gone]
    return files | {bank_statements.key(day, currency): bank_statements.encode(bank, day, currency, left)}


def _customer_listed(bank: Bank, day: date, _files: Files) -> Files:
    *_, last = rows = list(sanctions.entries(bank, day))
    one_more = last._replace(entity_id=last.entity_id + 1, full_name=people.name(bank, 1), listed_on=day)
    return {sanctions.key(day): sanctions.encode([*rows, one_more])}


FILE_FAULTS = (
    FileFault("trailer_count_off_by_one", "ingest_s3_card_settlement", "trailer_count",
        card_settlement.NAME, _csv(_trailer(1, Decimal(1)))),
    FileFault("trailer_total_off", "ingest_s3_card_settlement", "trailer_total",
        card_settlement.NAME, _csv(_trailer(2, money(1)))),
    FileFault("settlement_file_twice", "ingest_s3_card_settlement", "no_file_twice",
        card_settlement.NAME, _file_twice),
    FileFault("return_code_unknown", "ingest_s3_ach_returns", "return_codes",
        ach_returns.NAME, _csv(_unknown_code)),
    FileFault("return_twice", "ingest_s3_ach_returns", "returns_once",
        ach_returns.NAME, _csv(lambda lines: [*lines, lines[1]])),
    FileFault("payout_field_missing", "ingest_s3_processor_payouts", "payout_schema",
        processor_payouts.NAME, _payouts(_no_fee)),
    FileFault("payout_net_wrong", "ingest_s3_processor_payouts", "payout_net",
        processor_payouts.NAME, _payouts(_wrong_net)),
    FileFault("closing_balance_off", "ingest_s3_bank_statements", "statement_sum",
        bank_statements.NAME, _csv(_wrong_closing)),
    FileFault("rate_zero", "ingest_s3_fx_rates", "rate_positive", fx_rates.NAME, _rate(0)),
    FileFault("rate_jump", "ingest_s3_fx_rates", "rate_move", fx_rates.NAME, _rate(1.2)),
    FileFault("event_type_unknown", "ingest_s3_clickstream", "event_types", clickstream.NAME, _unknown_event),
    FileFault("score_out_of_range", "ingest_s3_credit_bureau", "score_range", credit_bureau.NAME, _low_score),
    FileFault("scores_shifted", "ingest_s3_credit_bureau", "score_divergence",
        credit_bureau.NAME, _shifted_scores),
    FileFault("list_truncated", "ingest_s3_sanctions", "list_complete",
        sanctions.NAME, _csv(lambda lines: lines[: len(lines) * 95 // 100])),
    FileFault("settlement_line_missing", "recon_settlement", "unmatched_value",
        card_settlement.NAME, _line_missing),
    FileFault("payout_differs", "recon_settlement", "unmatched_value",
        processor_payouts.NAME, _payouts(_other_gross)),
    FileFault("statement_entry_missing", "recon_settlement", "unmatched_value",
        bank_statements.NAME, _entry_missing),
    FileFault("customer_sanctioned", "aml_monitoring", "no_customer_listed",
        sanctions.NAME, _customer_listed),
)  # fmt: skip
