"""boto3 clients for deploying: one factory for AWS and the local server.

What AXIA calls at run time is in its adapters.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from axia_core.aws import LOCAL_KEY

Clients = Callable[[str], Any]
# Clients may be shared by threads, the session that makes them may not.
_MAKING = threading.Lock()


def clients(region: str, endpoint_url: str | None = None) -> Clients:
    """A function from a service's name to its client; without an endpoint it is AWS with the usual credentials."""
    # Or a command for AWS, given in a shell that points at the laptop, would go to the laptop.
    config = Config(
        ignore_configured_endpoint_urls=True,
        retries={"mode": "standard", "total_max_attempts": 3},
        connect_timeout=5,
        read_timeout=30,
    )
    session = _session(endpoint_url is not None)

    @cache
    def client(service: str) -> Any:
        with _MAKING:
            return session.client(service, region_name=region, endpoint_url=endpoint_url, config=config)

    return client


@cache
def _session(local: bool) -> Any:
    # One for all regions: each session reads the descriptions of the services anew.
    keys = {"aws_access_key_id": LOCAL_KEY, "aws_secret_access_key": LOCAL_KEY} if local else {}
    return boto3.Session(**keys)
