"""One place is one, however it is spelled."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.places import address, shared
from reconciler.model.environment import AirflowSpec

ARN = "arn:aws:secretsmanager:eu-central-1:111111111111:secret:"
ELSEWHERE = ARN.replace("111111111111", "222222222222")


def spec(bucket: str = "mine", prefix: str = "dags/", **api: Any) -> AirflowSpec:
    said = {"version": "3.0.6", "api": api, "dag_folder": {"bucket": bucket, "prefix": prefix}}
    return AirflowSpec.model_validate(said)


def at(url: str, bucket: str = "mine", secret: str | None = None) -> AirflowSpec:
    return spec(bucket, http={"url": url, "token_secret": secret})


@pytest.mark.parametrize(
    ("url", "spelling"),
    [
        ("http://127.0.0.1:8081", "127.0.0.1:8081"),
        ("http://127.0.0.1:8081/", "127.0.0.1:8081"),
        ("http://127.0.0.1:8081/.", "127.0.0.1:8081"),
        ("http://127.0.0.1:8081//a/..", "127.0.0.1:8081"),
        ("http://127.0.0.1:8081/%2e", "127.0.0.1:8081"),
        ("http://user@127.0.0.1:8081?a=b#c", "127.0.0.1:8081"),
        ("http://[::ffff:127.0.0.1]:8081", "127.0.0.1:8081"),
        ("https://Airflow.Example.com./prod/", "airflow.example.com/prod"),
        ("https://airflow.example.com:443/prod", "airflow.example.com/prod"),
        ("http://airflow.example.com:80//prod", "airflow.example.com/prod"),
        ("http://airflow.example.com/%70rod", "airflow.example.com/prod"),
        ("https://airflow%2eexample.com/a/%2E%2e/prod", "airflow.example.com/prod"),
        ("https://airflow.example.com/Prod", "airflow.example.com/Prod"),
        ("http://[0:0::1]:8080", "::1:8080"),
        ("http://127.1:8081", None),
        ("http://2130706433:8081", None),
        ("http://0x7f.1:8081", None),
        ("http://127.0.0.01:8081", None),
        ("http://", None),
        ("http:///prod", None),
        ("http://a:99999", None),
        ("http://[zz]/", None),
        ("http://127。0。0。1:8081", None),
        ("http://\ud800/", None),
    ],
)
def test_a_base_url_has_one_spelling(url: str, spelling: str | None) -> None:
    assert address(url) == spelling


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (at("http://a"), at("http://b"), ("the DAG folder s3://mine/dags/",)),
        (at("http://a"), at("http://b", "other"), ()),
        (at("http://a/."), at("https://A:443", "other"), ("the Airflow at http://a/.",)),
        (
            spec(prefix="dags/mine/", mwaa={"environment": "x"}),
            spec(mwaa={"environment": "y"}),
            ("the DAG folder s3://mine/dags/mine/",),
        ),
        (
            spec(mwaa={"environment": "x"}),
            spec("other", mwaa={"environment": "x"}),
            ("the MWAA environment x",),
        ),
        (spec(mwaa={"environment": "x"}), at("http://x", "other"), ()),
    ],
)
def test_what_both_reach_is_named(one: AirflowSpec, other: AirflowSpec, both: tuple[str, ...]) -> None:
    assert shared(one, other) == both


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("airflow", "airflow", True),
        ("airflow", f"{ARN}airflow-AbCdEf", True),
        ("airflow", f"{ARN}airflow", True),
        (f"{ARN}airflow", f"{ARN}airflow-AbCdEf", True),
        (f"{ARN}airflow-AbCdEf", f"{ELSEWHERE}airflow-AbCdEf", False),
        ("dev/airflow", f"{ARN}prod/airflow-AbCdEf", False),
        ("airflow", "airflow-AbCdEf", False),
        ("airflow", None, False),
    ],
)
def test_a_token_is_one_by_name_and_by_arn(one: str | None, other: str | None, same: bool) -> None:
    for mine, theirs in ((one, other), (other, one)):
        found = shared(at("http://a", "one", mine), at("http://b", "other", theirs))
        assert found == ((f"the token {mine}",) if same else ())
