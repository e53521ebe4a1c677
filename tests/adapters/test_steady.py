"""Equal failures read equally, however long they took and whatever number they bore."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from reconciler.adapters.airflow_transport import Answer, Request, failure
from reconciler.adapters.aws_errors import translated
from reconciler.adapters.git_errors import GitFailure
from reconciler.adapters.steady import steady
from reconciler.model.errors import Transient

URL = "https://example.com/platform.git"

CURL = "fatal: unable to access 'https://example.com/platform.git/': "

# What git 2.39, curl 7.88 and OpenSSH 9.2 write, with what differs from time to time.
VARYING = [
    (CURL + "Failed to connect to example.com port 443 after {} ms: Couldn't connect to server", "0", "12"),
    (CURL + "transfer closed with {} bytes remaining to read", "4966", "12"),
    (CURL + "Connection timed out after {} milliseconds", "10001", "10003"),
    (
        CURL + "Operation timed out after {} bytes received",
        "10001 milliseconds with 0 out of 0",
        "9 ms with 12",
    ),
    ("error: RPC failed; curl 92 HTTP/2 stream {} was not closed cleanly: CANCEL (err 8)", "5", "7"),
    ("error: {} bytes of body are still expected\nfatal: early EOF", "4410", "12"),
    ("Connection reset by {} port 22\nfatal: Could not read from remote", "140.82.121.4", "140.82.121.3"),
    ("Connection to {} port 22 timed out", "140.82.121.4", "2606:50c0:8000::64"),
    ("remote: Server Error.\nremote: Request ID {}", "8C5E:3B2F1A:1D3E4F:65A1", "A001:3B2F1A:1D3E4F:0001"),
    ("remote: It is {}, and we are down", "2026-11-21T05:00:00Z", "2026-11-21 05:01:00.5+01:00"),
    ("fatal: unable to rename temporary file to './objects/pack/tmp_pack_{}'", "Uw8XGj", "aB12cd"),
]


@pytest.mark.parametrize(("said", "first", "second"), VARYING)
def test_one_outage_of_git_is_told_in_one_way(said: str, first: str, second: str) -> None:
    told = [str(GitFailure("fetch", said.format(what)).translated(URL)) for what in (first, second)]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "Failed to connect to example.com port 443 after 12 ms: Connection refused",
            "Failed to connect to example.com port 443: Connection refused",
        ),
        ("transfer closed with 12 bytes remaining to read", "transfer closed with bytes remaining to read"),
        ("Connection reset by 140.82.121.4 port 22", "Connection reset by the server"),
        ("IncompleteRead(12 bytes read, 88 more expected)", "IncompleteRead(bytes read, more expected)"),
        ("The exception ID abc123 is in the log", "The exception ID is in the log"),
    ],
)
def test_the_rest_can_still_be_read(said: str, expected: str) -> None:
    assert steady(said) == expected


@pytest.mark.parametrize(
    "said",
    [
        "The requested URL returned error: 503",
        "Could not resolve host: github-4.example.com",
        "ssh: connect to host 10.0.0.4 port 2222: Connection refused",
        "fatal: bad object 0123456789abcdef0123456789abcdef01234567",
        "couldn't find remote ref refs/heads/release-2026-11-21",
        "no request ID was given",
        "User: arn:aws:sts::123456789012:assumed-role/reconciler/Reconcile is not authorized",
    ],
)
def test_what_names_the_trouble_stays(said: str) -> None:
    assert steady(said) == said


def of_aws(error: Exception) -> str:
    with pytest.raises(Transient) as caught, translated("s3:GetObject", "s3://bucket/key"):
        raise error
    return caught.value.message


def test_one_outage_of_aws_is_told_in_one_way() -> None:
    def refused(request: str, at: str) -> str:
        message = f"Busy (Service: Kms; Status Code: 500; Request ID: {request}; Proxy: null) at {at}"
        return of_aws(ClientError({"Error": {"Code": "InternalError", "Message": message}}, "GetObject"))

    told = refused("4f2a1c3e-1b2c-4d5e-8f90-a1b2c3d4e5f6", "2026-11-21T05:00:00.123Z")
    assert told == refused("00000000-1b2c-4d5e-8f90-a1b2c3d4e5f6", "2026-11-21T05:01:00.456Z")
    assert "Status Code: 500" in told

    def broken(address: int, read: int) -> str:
        why = (
            f"<urllib3.connection.HTTPSConnection object at {address:#x}>: IncompleteRead({read} bytes read)"
        )
        return of_aws(HTTPClientError(error=why))

    assert broken(0x7F3A00112233, 12) == broken(0x7F3A44556677, 99)


def test_one_outage_of_airflow_is_told_in_one_way() -> None:
    def told(exception: str) -> str:
        detail = f"Unexpected error. Look for the exception with ID. Trace id: {exception}"
        body = f'{{"detail": "{detail}"}}'.encode()
        return str(failure(Request("GET", "/dags", {}), Answer(500, body), "the Airflow"))

    assert told("aB3xK9pQ") == told("Zz81LmN0")
    assert "500" in told("x1")
