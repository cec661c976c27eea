"""The host's template under a drill's name: it comes up as it says, is removed, and never on AWS."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from axia_core.domain.drill_names import owner, scratch_name
from axia_core.errors import InvalidInput
from infra.host_rehearsal import HostRehearsal
from tests.conftest import REGION, LocalAws


def name(pid: int) -> str:
    return scratch_name(owner("test", pid, datetime.now(UTC)).drill_id, "stack")


def stacks(aws: LocalAws) -> list[str]:
    found = aws.client("cloudformation").list_stacks()["StackSummaries"]
    return [one["StackName"] for one in found if one["StackStatus"] != "DELETE_COMPLETE"]


def test_comes_up_and_goes(aws: LocalAws) -> None:
    """Group and launch template are what the template says, and nothing of them stays."""
    made = name(1)

    said = HostRehearsal(REGION, aws.endpoint_url)(made)

    groups = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert "properties as the template says" in said
    assert made not in stacks(aws)
    assert made not in [group["AutoScalingGroupName"] for group in groups]


def test_what_a_killed_drill_left_is_removed(aws: LocalAws) -> None:
    """The next rehearsal on this host finds it by its name, whose process is gone."""
    left = name(2**22 + 1)  # no process has this number
    aws.client("cloudformation").create_stack(
        StackName=left, TemplateBody='{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}'
    )

    HostRehearsal(REGION, aws.endpoint_url)(name(1))

    assert left not in stacks(aws)
    assert "axia-core" in stacks(aws)


def test_never_on_aws() -> None:
    """There it would be a second host on the queue: refused before anything is called."""
    with pytest.raises(InvalidInput, match="second host"):
        HostRehearsal(REGION, None)(name(1))


def test_only_under_a_drill_s_name(aws: LocalAws) -> None:
    """The trading host's own stack is out of reach."""
    with pytest.raises(InvalidInput, match="dr-drill-"):
        HostRehearsal(REGION, aws.endpoint_url)("axia-host")
