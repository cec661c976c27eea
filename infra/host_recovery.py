"""The trading host built anew from its template: deployed where it is missing, replaced where it is there.

Nothing of the old one is kept, because it holds nothing. Never two at once: the old instance goes, then the new comes.
Stopping trading before, and releasing it after, are the caller's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from axia_core.aws import translated
from axia_core.errors import NotRunning
from infra.deployer import Progress
from infra.environments import Plan
from infra.stacks import Target, deploy_stack

HOST = "host"
POLL_S = 15.0
BOOT_WITHIN_S = 3600.0  # an hour of the four that the design promises


@dataclass(frozen=True)
class Rebuilt:
    """The instances of before and of now, and how long that took."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    seconds: float


@dataclass
class HostRecovery:
    """One environment's host."""

    target: Target
    progress: Progress = lambda _: None
    sleep: Callable[[float], None] = time.sleep

    @property
    def deployed(self) -> bool:
        """Whether there is a stack of it."""
        with translated("looking for the host's stack"):
            return self.target.is_deployed(self._plan)

    def plan(self) -> tuple[str, ...]:
        """What `run` will do."""
        if self.deployed:
            how = f"replace the instance of {self._group}: the old one is terminated first, then the new one starts"
        else:
            how = "deploy infra/host.yaml: it is not deployed, and the stacks that it needs must be"
        return (how, "wait until one instance is in service; it installs AXIA by itself, which takes some 20 minutes")

    def run(self) -> Rebuilt:
        """A host that is in service; raises InvalidInput, StoreUnavailable, NotRunning when it takes too long."""
        began, there = time.monotonic(), self.deployed
        with translated("building the host anew"):
            before = self._instances() if there else ()
            if there:
                self._resize(0)
            else:
                deploy_stack(self.target, self._plan, progress=self.progress)
            self._resize(1)
            return Rebuilt(before, self._instances(), time.monotonic() - began)

    def _resize(self, size: int) -> None:
        """Makes the group so large and waits; repeated, it goes on where an interrupted one stopped."""
        self.progress(f"{self._group}: {'start one instance' if size else 'terminate the old instance'}")
        self._autoscaling.update_auto_scaling_group(
            AutoScalingGroupName=self._group, MinSize=size, DesiredCapacity=size
        )
        deadline = time.monotonic() + BOOT_WITHIN_S
        while len(self._instances()) != size:
            if time.monotonic() > deadline:
                raise NotRunning(
                    f"{self._group} has not come to {size} instances in {BOOT_WITHIN_S:.0f} s; give it again"
                )
            self.sleep(POLL_S)

    def _instances(self) -> tuple[str, ...]:
        """Whatever is not gone counts while it ends, and only what is in service while it starts."""
        answer = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self._group])
        return tuple(
            one["InstanceId"]
            for group in answer["AutoScalingGroups"]
            for one in group["Instances"]
            if one["LifecycleState"] not in ("Pending", "Terminated")
        )

    @property
    def _plan(self) -> Plan:
        return self.target.environment.plan(HOST)

    @property
    def _group(self) -> str:
        return str(self.target.template(self._plan).values["GroupName"])

    @property
    def _autoscaling(self) -> Any:
        return self.target.clients(self._plan)("autoscaling")
