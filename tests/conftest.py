"""Real servers that several suites share: a local AWS server with the core stack in it, and a Redis.

Each is started once per session, on loopback and a free port, only when a test asks for it, and stopped at the end.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from axia_cli.stack import emulator_client, redis_server
from axia_cli.stack.ports import free_ports
from axia_cli.stack.processes import Child, Command
from infra.clients import Clients, clients
from infra.stacks import deploy_core

# A busy machine stalls for longer than Hypothesis' 200 ms: a property is about results, not about time.
settings.register_profile("axia", deadline=None)
settings.load_profile("axia")

REGION = "ap-northeast-1"


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
    child.wait_until(lambda: emulator_client.boot(f"http://127.0.0.1:{port}") is not None, 30)
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
        deploy_core(local.clients, region=REGION, local=True)
        yield local
    finally:
        child.stop()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty Redis."""
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("redis")
    child = Child.start(Command("Redis", redis_server.command(port, folder), folder / "redis.log"))
    try:
        child.wait_until(lambda: redis_server.ready(port), 10)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        child.stop()
