"""How AXIA talks to AWS: boto3 clients from settings, and botocore's errors translated once. No service's logic."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from axia_core.errors import InvalidInput, NotRunning, StoreUnavailable
from axia_core.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Not `test`: MiniStack lets that key through as root even when it enforces IAM.
LOCAL_KEY = "axia"
# Clients may be shared by threads, boto3's default session, which makes them, may not.
_MAKING = threading.Lock()

_TRY_AGAIN = frozenset(
    {
        "InternalError",
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)


def client(settings: Settings, service: str, read_timeout_s: float = 10.0) -> Any:
    """A boto3 client of *service*; every call has a timeout, reads are retried by botocore three times at most."""
    import boto3
    from botocore.config import Config

    config = Config(
        region_name=settings.aws_region,
        connect_timeout=3,
        read_timeout=read_timeout_s,
        max_pool_connections=32,
        retries={"mode": "standard", "max_attempts": 3},
        s3={"addressing_style": "path" if settings.aws_endpoint_url else "auto"},
    )
    with _MAKING:
        return boto3.client(service, endpoint_url=settings.aws_endpoint_url, config=config, **_local_keys(settings))


def _local_keys(settings: Settings) -> dict[str, str]:
    """Dummy keys for a server on loopback: it takes any, and it should never be shown real ones."""
    if settings.aws_endpoint_url is None or urlsplit(settings.aws_endpoint_url).hostname not in LOOPBACK:
        return {}
    return {"aws_access_key_id": LOCAL_KEY, "aws_secret_access_key": LOCAL_KEY}


def error_code(error: Exception) -> str:
    """The service's code of a botocore ClientError, for example `ConditionalCheckFailedException`."""
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Botocore's errors as ours; *what* says in a few words what was being done.

    Raises StoreUnavailable where trying again may help (nothing answers, throttled), InvalidInput where a name or a
    permission is wrong, NotRunning without credentials. Conditions that a caller branches on must be caught inside.
    """
    from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

    try:
        yield
    except ClientError as error:
        code = error_code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _TRY_AGAIN or status >= 500:
            raise StoreUnavailable(f"{what}: AWS asks to try again later ({code or status})") from error
        raise InvalidInput(what, code, str(error), "Check names, region and the role's permissions.") from error
    except EndpointConnectionError as error:
        raise StoreUnavailable(f"{what}: nothing answers ({error}). On a laptop, start it with `axia up`.") from error
    except NoCredentialsError as error:
        raise NotRunning(f"{what}: no AWS credentials. On a laptop, run `axia env` and its exports.") from error
    except BotoCoreError as error:
        raise StoreUnavailable(f"{what}: {error}") from error
