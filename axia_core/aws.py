"""How AXIA talks to AWS: boto3 clients from settings, and botocore's errors translated once. No service's logic."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from axia_core.errors import AxiaError, InvalidInput, NotRunning, StoreUnavailable
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


# From a service's name and a region, which is the settings' own where it is empty, to its client.
Connect = Callable[..., Any]


def client(
    settings: Settings,
    service: str,
    read_timeout_s: float = 10.0,
    *,
    region: str = "",
    keys: dict[str, str] | None = None,
) -> Any:
    """A boto3 client of *service*; every call has a timeout, reads are retried by botocore three times at most."""
    import boto3
    from botocore.config import Config

    from axia_core import aws_session

    config = Config(
        region_name=region or settings.aws_region,
        connect_timeout=3,
        read_timeout=read_timeout_s,
        max_pool_connections=32,
        retries={"mode": "standard", "max_attempts": 3},
        # An order is eleven items, and botocore takes 0.07 ms to look at each; DynamoDB does it again, and refuses.
        parameter_validation=service != "dynamodb",
        s3={"addressing_style": "path" if settings.aws_endpoint_url else "auto"},
        user_agent=f"axia Boto3/{boto3.__version__}",  # botocore would put a longer one together for each request
    )
    known = keys or _local_keys(settings)
    with _MAKING:
        aws_session.prepare()
        made = boto3.client(service, endpoint_url=settings.aws_endpoint_url, config=config, **known)
    if service == "s3":
        made.meta.events.register("before-sign.s3.PutObject", _send_at_once)
    return made


def _send_at_once(request: Any, **_: Any) -> None:
    """Without asking first whether the body is wanted: that round trip is for megabytes, and ours are kilobytes."""
    del request.headers["Expect"]


def acting_as(settings: Settings, role: str, session: str) -> Connect:
    """Clients that act as *role* (its name in this account, or its ARN), which is taken on at the first call.

    They last an hour, and are safe for use by several threads. Without a role they act as whoever calls. A role that
    could not be taken on is not asked for again: every call raises what the first one did.
    """
    made: dict[tuple[str, str], Any] = {}
    keys: dict[str, str] = {}
    failed: list[AxiaError] = []
    alone = threading.Lock()

    def take_on() -> None:
        if failed:
            raise failed[0]
        try:
            keys.update(_taken_on(settings, role, session))
        except AxiaError as error:
            failed.append(error)
            raise

    def connect(service: str, region: str = "") -> Any:
        with alone:
            if role and not keys:
                take_on()
            if (service, region) not in made:
                made[service, region] = client(settings, service, region=region, keys=keys or None)
            return made[service, region]

    return connect


def _taken_on(settings: Settings, role: str, session: str) -> dict[str, str]:
    sts = client(settings, "sts")
    with translated(f"taking on the role {role}"):
        arn = role if ":" in role else f"arn:aws:iam::{sts.get_caller_identity()['Account']}:role/{role}"
        found = sts.assume_role(RoleArn=arn, RoleSessionName=session)["Credentials"]
    return {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }


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
