"""The feeds' rules, one function each: what is wrong in the files. Written without their code.

A rule is asked of all files of an interval, by key; those of other feeds do not matter to it.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.sources.parquet_reader import read

Files = dict[str, bytes]
NACHA = {f"R{number:02d}" for number in range(1, 86)}
EVENTS = {"page_view", "login", "search", "product_view", "transfer_started", "logout"}


def of(files: Files, feed: str) -> Iterator[tuple[str, bytes]]:
    return ((key, content) for key, content in sorted(files.items()) if key.startswith(f"{feed}/dt="))


def day(key: str) -> str:
    return key.split("/dt=")[1][:10]


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def settlement(files: Files) -> Iterator[tuple[str, list[list[str]], list[str]]]:
    """Key, body and trailer."""
    for key, content in of(files, "card_settlement"):
        _, *body, trailer = csv.reader(io.StringIO(content.decode()))
        yield key, body, trailer


def trailer_count(files: Files) -> list[str]:
    return [
        key
        for key, body, trailer in settlement(files)
        if trailer[0] != "TRAILER" or int(trailer[1]) != len(body)
    ]


def trailer_total(files: Files) -> list[str]:
    return [
        key
        for key, body, trailer in settlement(files)
        if Decimal(trailer[2]) != sum(Decimal(row[4]) for row in body)
    ]


def no_file_twice(files: Files) -> list[str]:
    hashes = Counter(hashlib.sha256(content).hexdigest() for _, content in of(files, "card_settlement"))
    return [digest for digest, count in hashes.items() if count > 1]


def return_codes(files: Files) -> list[str]:
    rows = (row for _, content in of(files, "ach_returns") for row in table(content))
    return [str(row) for row in rows if row["return_code"] not in NACHA]


def returns_once(files: Files) -> list[tuple[str, str]]:
    rows = [row for _, content in of(files, "ach_returns") for row in table(content)]
    counts = Counter((row["trace_number"], row["return_date"]) for row in rows)
    return [key for key, count in counts.items() if count > 1]


def payouts(files: Files) -> Iterator[dict[str, Any]]:
    for _, content in of(files, "processor_payouts"):
        yield from json.loads(content)["payouts"]


def payout_schema(files: Files) -> list[str]:
    wanted = {"payout_id": str, "merchant_id": int, "currency": str, "transactions": int} | dict.fromkeys(
        ("gross", "fee", "net"), str
    )
    return [str(row) for row in payouts(files) if {key: type(value) for key, value in row.items()} != wanted]


def payout_net(files: Files) -> list[str]:
    return [
        str(row)
        for row in payouts(files)
        if {"gross", "fee", "net"} <= row.keys()
        and Decimal(row["net"]) != Decimal(row["gross"]) - Decimal(row["fee"])
    ]


def statement_sum(files: Files) -> list[str]:
    wrong = []
    for key, content in of(files, "bank_statements"):
        rows = table(content)
        total = sum(Decimal(row["amount"]) for row in rows)
        if Decimal(rows[0]["opening_balance"]) + total != Decimal(rows[0]["closing_balance"]):
            wrong.append(key)
    return wrong


def rates(files: Files) -> dict[str, dict[str, float]]:
    """By quote and day."""
    found: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for key, content in of(files, "fx_rates"):
        for row in json.loads(content)["rates"]:
            found[row["quote"]][day(key)] = float(row["rate"])
    return found


def rate_positive(files: Files) -> list[str]:
    return [quote for quote, by_day in rates(files).items() if min(by_day.values()) <= 0]


def rate_move(files: Files) -> list[str]:
    wrong = []
    for quote, by_day in rates(files).items():
        prices = [price for _, price in sorted(by_day.items()) if price > 0]
        wrong += [quote for one, next_one in pairwise(prices) if abs(next_one / one - 1) > 0.1]
    return wrong


def event_types(files: Files) -> list[str]:
    rows = (
        json.loads(line)
        for _, content in of(files, "clickstream")
        for line in gzip.decompress(content).splitlines()
    )
    return [row["event_type"] for row in rows if row["event_type"] not in EVENTS]


def scores(files: Files) -> dict[str, list[int]]:
    return {day(key): [row["score"] for row in read(content)] for key, content in of(files, "credit_bureau")}


def score_range(files: Files) -> list[int]:
    return [score for week in scores(files).values() for score in week if not 300 <= score <= 850]


def score_divergence(files: Files) -> list[float]:
    """Kullback-Leibler between weeks, over eleven bins of fifty points."""
    shares = []
    for _, week in sorted(scores(files).items()):
        bins = Counter(min(max((score - 300) // 50, 0), 10) for score in week)
        shares.append([(bins[number] + 0.5) / (len(week) + 5.5) for number in range(11)])
    found = [
        sum(p * math.log(p / q) for p, q in zip(now, before, strict=True)) for before, now in pairwise(shares)
    ]
    return [value for value in found if value >= 0.1]


def list_complete(files: Files) -> list[str]:
    counts = [(key, len(table(content))) for key, content in of(files, "sanctions")]
    return [key for (_, before), (key, count) in pairwise(counts) if count < before * 0.98]


def no_card_number(files: Files) -> list[str]:
    found = (
        column
        for _, body, _ in settlement(files)
        for row in body
        for column in row
        if re.search(r"\d{13,19}", column)
    )
    return list(found)


RULES: dict[str, Callable[[Files], list[Any]]] = {
    rule.__name__: rule
    for rule in (trailer_count, trailer_total, no_file_twice, return_codes, returns_once, payout_schema,
                 payout_net, statement_sum, rate_positive, rate_move, event_types, score_range,
                 score_divergence, list_complete, no_card_number)
}  # fmt: skip


def broken(files: Files) -> set[str]:
    """The names of the rules that do not hold."""
    return {name for name, rule in RULES.items() if rule(files)}
