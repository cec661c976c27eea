"""Real servers that several suites share, and the order in which workers take the files of the suite.

A local AWS server with the core stack in it, and a Redis: each is started once per session, on loopback and a free
port, only when a test asks for it, and stopped at the end.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import settings

from axia_cli.stack import emulator_client, redis_server
from axia_cli.stack.ports import free_ports
from axia_cli.stack.processes import Child, Command
from axia_core.domain import names
from infra.clients import Clients, clients
from infra.stacks import deploy_core

# A busy machine stalls for longer than Hypothesis' 200 ms: a property is about results, not about time.
settings.register_profile("axia", deadline=None)
settings.load_profile("axia")

REGION = "ap-northeast-1"
# The last whole stack begins when so much of the other files is left.
OTHERS_AFTER_STACKS = 1 / 3
# The servers of this session that run, by what they are.
_STARTED: dict[str, Any] = {}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers take files in this order: those that start a whole stack are spread among the others.

    `--no-loadscope-reorder` leaves it: xdist's own begins with the files of most tests, and so ends with all stacks.
    """
    if hasattr(config, "workerinput"):
        files = [list(tests) for _, tests in groupby(items, key=lambda item: item.path)]
        items[:] = [item for file in spread(files) for item in file]


def spread(files: list[list[pytest.Item]]) -> list[list[pytest.Item]]:
    """A stack's file after every so many others, the largest first.

    On two cores three stacks at once meet their time-outs, and one that begins last keeps all workers waiting.
    """
    stacks = [file for file in files if any(item.get_closest_marker("slow") for item in file)]
    spread_out = [file for file in files if file not in stacks]
    distance = int(len(spread_out) * (1 - OTHERS_AFTER_STACKS) / max(1, len(stacks)))
    for number, file in enumerate(sorted(stacks, key=len, reverse=True)):
        spread_out.insert(number * (distance + 1), file)
    return spread_out


@dataclass(frozen=True)
class LocalAws:
    """A running local AWS server."""

    endpoint_url: str
    clients: Clients
    region: str = REGION

    def client(self, service: str) -> Any:
        """The boto3 client of a service, pointed at this server."""
        return self.clients(service)


def start_emulator(folder: Path, port: int) -> Child:
    """A local AWS server that is ready; the caller stops it."""
    argv = (sys.executable, "-m", "axia_cli.stack.emulator", "--port", str(port), "--state-dir", str(folder))
    child = Child.start(Command("local AWS server", argv, folder.with_suffix(".log")))
    child.wait_until(lambda: emulator_client.boot(f"http://127.0.0.1:{port}") is not None, 120)
    return child


@pytest.fixture(scope="module")
def free_port() -> int:
    """A port on loopback that nobody listens on."""
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS server with the core stack deployed: bucket, table, queues, topic, secrets under their own names."""
    (port,) = free_ports(1)
    child = start_emulator(tmp_path_factory.mktemp("aws") / "state", port)
    local = LocalAws(f"http://127.0.0.1:{port}", clients(REGION, f"http://127.0.0.1:{port}"))
    try:
        deploy_core(local.clients, region=REGION)
        _expiry(local, enabled=False)
        _STARTED["aws"] = local
        yield local
    finally:
        child.stop()


def _expiry(local: LocalAws, *, enabled: bool) -> None:
    """The server deletes once a minute what has expired by the machine's clock; most tests write on days long past."""
    specification = {"AttributeName": "ttl", "Enabled": enabled}
    local.client("dynamodb").update_time_to_live(TableName=names.TABLE, TimeToLiveSpecification=specification)


@pytest.fixture
def expiry(aws: LocalAws) -> Iterator[None]:
    """The order table with its time to live, as it is deployed."""
    _expiry(aws, enabled=True)
    yield
    _expiry(aws, enabled=False)


@pytest.fixture(scope="module", autouse=True)
def left_behind() -> None:
    """Each module finds the shared servers empty, whichever module ran before it in the same process."""
    if "redis" in _STARTED:
        redis.Redis.from_url(_STARTED["redis"]).flushall()
    if "aws" in _STARTED:
        _empty(_STARTED["aws"])
        _expiry(_STARTED["aws"], enabled=False)


def _empty(local: LocalAws) -> None:
    table, queues = local.client("dynamodb"), local.client("sqs")
    for page in table.get_paginator("scan").paginate(TableName=names.TABLE, ProjectionExpression="pk, sk"):
        for key in page["Items"]:
            table.delete_item(TableName=names.TABLE, Key=key)
    for name in (names.ORDER_QUEUE, names.DEAD_LETTER_QUEUE):
        queues.purge_queue(QueueUrl=queues.get_queue_url(QueueName=name)["QueueUrl"])


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty Redis."""
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("redis")
    child = Child.start(Command("Redis", redis_server.command(port, folder), folder / "redis.log"))
    try:
        child.wait_until(lambda: redis_server.ready(port), 60)
        _STARTED["redis"] = f"redis://127.0.0.1:{port}/0"
        yield _STARTED["redis"]
    finally:
        child.stop()
