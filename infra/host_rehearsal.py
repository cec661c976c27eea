"""The host's template rehearsed: deployed under a drill's name on the local AWS server, compared with itself, removed.

On the local server an instance is a record, so nothing boots. On AWS it would boot, install AXIA and join the queue
beside the trading host: there this is refused, and `axia recover host` is what shows it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import psutil

from axia_core.domain.drill_names import PREFIX, is_leftover, is_scratch, owner_of
from axia_core.errors import InvalidInput
from infra import clients as factory
from infra.change_sets import Stack
from infra.clients import Clients
from infra.conformance import compare
from infra.deployer import deploy
from infra.environments import read
from infra.host_recovery import HOST
from infra.template import Template

# Of other stacks; that such things exist is not what is rehearsed.
ELSEWHERE = {
    "SubnetIds": "subnet-00000000000000000",
    "SecurityGroupId": "sg-00000000000000000",
    "InstanceProfileArn": "arn:aws:iam::000000000000:instance-profile/EC2InstanceRole",
    "CacheEndpoint": "cache.example.com",
}


@dataclass(frozen=True)
class HostRehearsal:
    """What comes up by infra/host.yaml under another name."""

    region: str
    endpoint_url: str | None

    def __call__(self, name: str) -> str:
        """In words what came up and how it compares; nothing of it is left. Raises InvalidInput, StoreUnavailable."""
        if self.endpoint_url is None:
            raise InvalidInput("target", "aws", "a second host would join the queue", "Use `axia recover host`.")
        if not is_scratch(name):
            raise InvalidInput("stack", name, f"a drill deploys only stacks named {PREFIX}...")
        chosen = factory.clients(self.region, self.endpoint_url)
        stack = Stack(name, chosen("cloudformation"))
        self._sweep(name, chosen)
        try:
            return self._deployed(stack, chosen)
        finally:
            stack.remove()

    def _sweep(self, name: str, chosen: Clients) -> None:
        """Removes what a drill that was killed here has left behind."""
        me, living = owner_of(name), frozenset(psutil.pids())
        for page in chosen("cloudformation").get_paginator("list_stacks").paginate():
            for found in page["StackSummaries"]:
                left = found["StackName"]
                gone = found["StackStatus"] == "DELETE_COMPLETE"
                if me and not gone and is_leftover(left, me, living, datetime.now(UTC)):
                    Stack(left, chosen("cloudformation")).remove()

    def _deployed(self, stack: Stack, chosen: Clients) -> str:
        plan = read("local").plan(HOST)
        given = {key: value for key, value in plan.parameters.items() if not value.startswith("@")}
        parameters = {**given, **ELSEWHERE, "GroupName": stack.name}
        template = Template.read(plan.template, parameters, region=self.region)
        deploy(template, chosen, name=stack.name)
        report = compare(replace(template, physical=stack.physical_ids), chosen)
        if report.differences:
            raise InvalidInput("host", stack.name, f"it is not what the template says: {report.differences[0]}")
        return f"{report.resources} resources, {report.properties} properties as the template says"
