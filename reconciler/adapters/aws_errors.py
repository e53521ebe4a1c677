"""AWS's failures in our words: what passes, what a person has to change. The only place that knows codes.

Used by every adapter over boto3. Never turns a mistake of ours (a malformed request) into something else:
that stays botocore's own exception.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from reconciler.adapters.steady import steady
from reconciler.model.errors import ReconcilerError, Terminal, Transient

# https://docs.aws.amazon.com/general/latest/gr/api-retries.html and each service's list of errors.
_PASSES = frozenset(
    {
        "InternalError", "InternalFailure", "InternalServerError", "InternalServerException",
        "LimitExceededException", "PriorRequestNotComplete", "ProvisionedThroughputExceededException",
        "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "RequestTimeout",
        "ServiceUnavailable", "SlowDown", "Throttling", "ThrottlingException", "ThrottledException",
        "TooManyRequestsException", "TransactionConflictException", "TransactionInProgressException",
    }
)  # fmt: skip
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
)  # fmt: skip
_CREDENTIALS = frozenset(
    {
        "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId",
        "InvalidSignatureException", "SignatureDoesNotMatch", "UnrecognizedClientException",
    }
)  # fmt: skip
# S3 has a code of its own, the others say it in words: "Signature expired: 20261121T050000Z is now earlier
# than …", "Signature not yet current: …". https://docs.aws.amazon.com/IAM/latest/UserGuide/
# reference_sigv-troubleshooting.html
_SKEWED = frozenset({"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"})
_SKEWED_WORDS = ("signature expired", "signature not yet current")
_MISSING = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue", "NoSuchBucket", "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)  # fmt: skip


@contextmanager
def translated(action: str, subject: str) -> Iterator[None]:
    """Raise ``Transient`` or ``Terminal`` for what boto3 raises inside.

    ``action`` is the IAM action that the call needs (``s3:PutObject``), ``subject`` what it is about.
    """
    try:
        yield
    except ClientError as error:
        ours = _of_answer(error, action, subject)
        if ours is None:
            raise
        raise ours from error
    except (HTTPClientError, BotoConnectionError) as error:
        raise Transient(f"AWS did not answer {action} of {subject}: {steady(str(error))}.") from error
    except (NoCredentialsError, PartialCredentialsError, NoRegionError, TokenRetrievalError) as error:
        raise Terminal(
            f"{action} of {subject} could not be asked: {error}.",
            "Set AWS credentials and AWS_REGION, for instance with `aws configure`.",
        ) from error
    except BotoCoreError as error:
        if type(error).__name__ == "ResponseParserError":
            raise Transient(f"AWS gave no readable answer to {action} of {subject}.") from error
        raise


def error_code(error: ClientError) -> str:
    """The service's own name for a failure."""
    return str(error.response.get("Error", {}).get("Code", ""))


def http_status(error: ClientError) -> int:
    """The HTTP status of a failure; 0 if unknown."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _of_answer(error: ClientError, action: str, subject: str) -> ReconcilerError | None:
    code, status = error_code(error), http_status(error)
    said = steady(f"{code}: {error.response.get('Error', {}).get('Message', '')}").strip(": ")
    if code in _SKEWED or any(words in said.lower() for words in _SKEWED_WORDS):
        return Terminal(
            f"AWS refuses {action} of {subject}: this machine's clock is wrong ({said}).",
            "Let the system set the clock (NTP); the credentials may be right.",
        )
    # A number for a code: something on the way answered, or a service without saying why (HEAD).
    if code in _PASSES or status >= 500 or (code, status) == ("400", 400):
        return Transient(f"AWS could not do {action} of {subject} now ({said}).")
    if code in _CREDENTIALS:
        return Terminal(f"AWS does not accept the credentials ({said}).", "Renew the AWS credentials.")
    if code in _MISSING:
        return Terminal(
            f"{subject} does not exist ({said}).",
            "Deploy the stack, or correct the name in the configuration.",
        )
    if code in _DENIED or code.startswith("KMS.") or status in (401, 403):
        return Terminal(
            f"AWS denies {action} of {subject} ({said}).",
            f"Allow {action} on it in the IAM policy of this role, and in the resource's own policy or key.",
        )
    return None
