"""A local AWS server that enforces IAM, with the stacks that have our roles; and what may be done there as a role.

The key of `infra.clients` is the server's root here. Everybody else has a role's temporary credentials.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import create_loader

from axia_cli.stack import emulator_client
from axia_cli.stack.ports import free_ports
from axia_cli.stack.processes import Child, Command
from axia_core.aws import LOCAL_KEY
from infra import stacks
from infra.clients import Clients, clients
from infra.least_privilege import Witness
from infra.stacks import Target
from infra.template import Template
from tests.conftest import REGION

OSAKA = "ap-northeast-3"
# In their order; the rest of the environment has no policy of ours.
STACKS = ("osaka", "core", "copy")
# Of the services: every session would read them anew, which costs more than all calls.
_DESCRIPTIONS = create_loader()
_CONFIG = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=10)


@dataclass(frozen=True)
class Actor:
    """Somebody with a role's credentials; *witness* sees each call and each denial."""

    session: Any
    endpoint_url: str
    witness: Witness
    _made: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str = REGION) -> Any:
        """A client that acts as the role."""
        if (service, region) not in self._made:
            make = partial(self.session.client, service, region_name=region, endpoint_url=self.endpoint_url)
            self._made[service, region] = make(config=_CONFIG)
        return self._made[service, region]

    def take_on(self, role: str) -> Actor:
        """The role's credentials, asked for by this actor."""
        arn = f"arn:aws:iam::000000000000:role/{role}"
        found = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="proof")["Credentials"]
        return actor(self.endpoint_url, found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def actor(endpoint_url: str, key: str, secret: str, token: str | None = None) -> Actor:
    """Somebody with these credentials."""
    core, witness = botocore.session.Session(), Witness()
    core.register_component("data_loader", _DESCRIPTIONS)
    core.set_credentials(key, secret, token)
    session = boto3.Session(botocore_session=core, region_name=REGION)
    witness.listen(session)
    return Actor(session, endpoint_url, witness)


@dataclass(frozen=True)
class Enforced:
    """The server and its root."""

    target: Target

    @property
    def url(self) -> str:
        """Where it answers."""
        return str(self.target.endpoint_url)

    @cached_property
    def root(self) -> Actor:
        """Who may do everything."""
        return actor(self.url, LOCAL_KEY, LOCAL_KEY)

    @property
    def admin(self) -> Clients:
        """Root's clients, as infrastructure code takes them."""
        return clients(REGION, self.url)

    def template(self, stack: str) -> Template:
        """A stack's template with what it was deployed with."""
        return self.target.template(self.target.environment.plan(stack))


@contextmanager
def enforcing(folder: Path) -> Iterator[Enforced]:
    """A server that is up, with every role of ours in it."""
    (port,) = free_ports(1)
    options = ("--port", str(port), "--state-dir", str(folder / "state"))
    variables = {"AUTH": "true", "AWS_ACCESS_KEY_ID": LOCAL_KEY, "AWS_SECRET_ACCESS_KEY": LOCAL_KEY}
    command = (sys.executable, "-m", "axia_cli.stack.emulator", *options)
    child = Child.start(Command("enforcing AWS server", command, folder / "server.log", {**os.environ, **variables}))
    url = f"http://127.0.0.1:{port}"
    try:
        child.wait_until(lambda: emulator_client.boot(url) is not None, 120)
        target = stacks.local_target(REGION, url)
        for name in STACKS:
            stacks.deploy_stack(target, target.environment.plan(name))
        yield Enforced(target)
    finally:
        child.stop()


Do = Callable[[], object]
