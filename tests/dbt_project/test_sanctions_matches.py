"""A match has a day, whatever the list tells: without one, no run would ever decide on it."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import date

import snowflake.connector

from local.environments import ROOT
from local.warehouse import Warehouse

MODEL = ROOT / "dbt" / "models" / "intermediate" / "monitoring" / "int_sanctions_matches.sql"
STAND_INS = {
    r"\{\{ config\(.*?\) \}\}": "",
    r"\{\{ ref\('(\w+)'\) \}\}": r"\1",
    r"\{\{ comparable_name\('(\w+)'\) \}\}": r"upper(\1)",
    r"\{\{ key\(.*?\) \}\}": "customers.customer_id",
}


def test_a_listed_name_without_a_date_counts_from_when_the_customer_came(warehouse: Warehouse) -> None:
    query = MODEL.read_text()
    for place, sql in STAND_INS.items():
        query = re.sub(place, sql, query)
    with closing(
        snowflake.connector.connect(**warehouse.login, database="MATCHES", schema="X")
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE SCHEMA IF NOT EXISTS X")
        cursor.execute(
            "CREATE TABLE X.stg_sanctions_list AS SELECT column1 AS entity_id, column2 AS full_name, "
            "'SDN' AS programme, CAST(column3 AS DATE) AS listed_on, CURRENT_TIMESTAMP() AS loaded_at "
            "FROM VALUES (1, 'Jo Doe', NULL), (2, 'Al Roe', '2026-03-02')"
        )
        cursor.execute(
            "CREATE TABLE X.dim_customer AS SELECT column1 AS customer_id, column2 AS full_name, "
            "CAST('2026-01-01' AS DATE) AS customer_since, CURRENT_TIMESTAMP() AS loaded_at "
            "FROM VALUES (7, 'JO DOE'), (8, 'Al Roe')"
        )
        cursor.execute(f"SELECT customer_id, matched_on FROM ({query}) AS matches ORDER BY 1")
        assert cursor.fetchall() == [(7, date(2026, 1, 1)), (8, date(2026, 3, 2))]
