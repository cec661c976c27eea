"""The trading hosts of a region as EC2 and Auto Scaling tell of them: whether any runs, or would be started again."""

from __future__ import annotations

from typing import Any

from axia_core.aws import translated
from axia_core.ports.recovery import Hosts

HOST, GROUP = "axia-host", "axia-ec2"
GONE = ("terminated", "stopped")


class Ec2Hosts(Hosts):
    """Instances that are named as the host's launch template names them, and the host's group."""

    def __init__(self, ec2: Any, autoscaling: Any, group: str = GROUP) -> None:
        self._ec2 = ec2
        self._autoscaling = autoscaling
        self._group = group

    def alive(self) -> tuple[str, ...]:
        return (*self._instances(), *self._groups())

    def _instances(self) -> list[str]:
        named = [{"Name": "tag:Name", "Values": [HOST]}]
        found: list[str] = []
        with translated("looking for trading hosts"):
            for page in self._ec2.get_paginator("describe_instances").paginate(Filters=named):
                instances = [one for reservation in page["Reservations"] for one in reservation["Instances"]]
                alive = [one for one in instances if one["State"]["Name"] not in GONE]
                found += [f"instance {one['InstanceId']} ({one['State']['Name']})" for one in alive]
        return found

    def _groups(self) -> list[str]:
        with translated(f"looking for the group {self._group}"):
            answer = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self._group])
        kept = [one for one in answer["AutoScalingGroups"] if one["DesiredCapacity"] > 0]
        return [
            f"the group {one['AutoScalingGroupName']}, which keeps {one['DesiredCapacity']} host up" for one in kept
        ]
