"""AWS's failures in our words."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ReadTimeoutError,
)

from reconciler.adapters.aws_errors import translated
from reconciler.model.errors import Conflict, ReconcilerError, Terminal, Transient


def answer(code: str, status: int) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": "the service's words"},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "PutObject",
    )


def of(error: Exception) -> ReconcilerError:
    with pytest.raises(ReconcilerError) as caught, translated("s3:PutObject", "s3://bucket/key"):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        answer("SlowDown", 503),
        answer("InternalError", 500),
        answer("SomethingNobodyKnows", 502),
        answer("ThrottlingException", 400),
        answer("ProvisionedThroughputExceededException", 400),
        answer("RequestTimeout", 400),
        answer("TransactionConflictException", 400),
        EndpointConnectionError(endpoint_url="https://s3"),
        ConnectTimeoutError(endpoint_url="https://s3"),
        ReadTimeoutError(endpoint_url="https://s3"),
    ],
)
def test_what_passes(error: Exception) -> None:
    ours = of(error)
    assert isinstance(ours, Transient)
    assert "s3:PutObject" in ours.message


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_a_denial_names_the_action_to_allow(code: str) -> None:
    ours = of(answer(code, 403))
    assert isinstance(ours, Terminal)
    assert "Allow s3:PutObject" in ours.remedy
    assert "s3://bucket/key" in ours.message
    assert "the service's words" in ours.message


@pytest.mark.parametrize("code", ["NoSuchBucket", "ResourceNotFoundException", "QueueDoesNotExist"])
def test_what_is_missing_has_to_be_deployed(code: str) -> None:
    ours = of(answer(code, 404))
    assert isinstance(ours, Terminal)
    assert "Deploy the stack" in ours.remedy


@pytest.mark.parametrize(
    "error",
    [
        answer("ExpiredToken", 400),
        answer("SignatureDoesNotMatch", 403),
        NoCredentialsError(),
        NoRegionError(),
    ],
)
def test_credentials_are_a_matter_for_a_person(error: Exception) -> None:
    ours = of(error)
    assert isinstance(ours, Terminal)
    assert "AWS" in ours.remedy


@pytest.mark.parametrize("error", [answer("ValidationException", 400), BotoCoreError(), ValueError("ours")])
def test_our_own_mistakes_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, translated("s3:PutObject", "s3://bucket/key"):
        raise error
    assert caught.value is error


def test_what_is_ours_already_passes_through() -> None:
    with pytest.raises(Conflict), translated("s3:PutObject", "s3://bucket/key"):
        raise Conflict("somebody was first")
