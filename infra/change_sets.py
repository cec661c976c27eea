"""One CloudFormation stack and its change sets: propose, look, run or discard, and wait for the end.

Which change set is needed, and what to do about a stack in a bad state, is decided in `deployer`.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from axia_core.errors import InvalidInput, StoreUnavailable

Kind = Literal["CREATE", "UPDATE", "IMPORT"]

ABSENT = "ABSENT"
_FIRST_POLL_S, _LAST_POLL_S = 0.05, 3.0
_TIMEOUT_S = 1_200.0


@dataclass(frozen=True)
class Change:
    """One line of a change set."""

    action: str
    logical_id: str
    type: str
    replacement: str = "False"

    def __str__(self) -> str:
        replaced = " (REPLACED: its content is lost)" if self.replacement == "True" else ""
        return f"{self.action.lower()} {self.type} {self.logical_id}{replaced}"


@dataclass(frozen=True)
class ChangeSet:
    """A change set that is ready to run; without changes there is none to run."""

    name: str
    kind: Kind
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Stack:
    """A stack by name, whether it exists or not."""

    name: str
    cloudformation: Any

    @property
    def status(self) -> str:
        """CloudFormation's word for its state, `ABSENT` when there is no such stack."""
        found = self._described_or_none()
        return str(found["StackStatus"]) if found else ABSENT

    @property
    def outputs(self) -> dict[str, str]:
        """What the stack tells other stacks; nothing while there is no such stack."""
        found = self._described_or_none() or {}
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    @property
    def physical_ids(self) -> dict[str, str]:
        """What AWS calls each resource of the stack, by logical id."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        found = (resource for page in pages for resource in page["StackResourceSummaries"])
        return {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in found}

    def deployed(self) -> tuple[str, dict[str, str]]:
        """The template and the parameters of the last deployment."""
        body = self.cloudformation.get_template(StackName=self.name)["TemplateBody"]
        given = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0].get("Parameters", [])
        text = body if isinstance(body, str) else json.dumps(body, default=str)
        return text, {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in given}

    def propose(
        self, kind: Kind, body: str, parameters: Mapping[str, str], imports: Sequence[Mapping[str, Any]] = ()
    ) -> ChangeSet:
        """A change set for the template; raises InvalidInput when CloudFormation cannot make one."""
        name = f"axia-{uuid.uuid4().hex[:12]}"
        self.cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=name,
            ChangeSetType=kind,
            TemplateBody=body,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
            **({"ResourcesToImport": list(imports)} if imports else {}),
        )
        pages = self._described(name)
        if pages[0]["Status"] == "FAILED":
            return self._without_changes(name, kind, pages[0].get("StatusReason", ""))
        return ChangeSet(name, kind, tuple(_parse(entry) for page in pages for entry in page["Changes"]))

    def run(self, change_set: ChangeSet) -> None:
        """Run it to its end; raises InvalidInput with the first failure when it was rolled back."""
        self.cloudformation.execute_change_set(StackName=self.name, ChangeSetName=change_set.name)
        status = self._settled()
        if status != f"{change_set.kind}_COMPLETE":
            remedy = (
                "Correct the cause and deploy again; a failed creation is removed first, an update was rolled back."
            )
            raise InvalidInput("stack", self.name, f"it ended {status}: {self._first_failure()}", remedy)

    def discard(self, change_set: ChangeSet) -> None:
        """Forget a change set that was not run."""
        self.cloudformation.delete_change_set(StackName=self.name, ChangeSetName=change_set.name)

    def remove(self) -> None:
        """Delete the stack; what it retains stays."""
        self.cloudformation.delete_stack(StackName=self.name)
        status = self._settled()
        if status not in (ABSENT, "DELETE_COMPLETE"):
            raise InvalidInput("stack", self.name, f"it could not be deleted ({status}): {self._first_failure()}")

    def _described_or_none(self) -> dict[str, Any] | None:
        try:
            described: dict[str, Any] = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise
        return described

    def _described(self, name: str) -> list[dict[str, Any]]:
        def describe(**more: str) -> dict[str, Any]:
            page: dict[str, Any] = self.cloudformation.describe_change_set(
                StackName=self.name, ChangeSetName=name, **more
            )
            return page

        _wait_until(lambda: describe()["Status"] in ("CREATE_COMPLETE", "FAILED"), f"the change set {name}")
        pages = [describe()]
        while token := pages[-1].get("NextToken"):
            pages.append(describe(NextToken=token))
        return pages

    def _without_changes(self, name: str, kind: Kind, reason: str) -> ChangeSet:
        nothing = ChangeSet(name, kind, ())
        self.discard(nothing)
        if "didn't contain changes" in reason or "No updates are to be performed" in reason:
            return nothing
        raise InvalidInput("template", self.name, f"CloudFormation made no change set: {reason}")

    def _settled(self) -> str:
        _wait_until(lambda: not self.status.endswith("_IN_PROGRESS"), f"the stack {self.name}")
        return self.status

    def _first_failure(self) -> str:
        events = self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
        if not failed:
            return "no resource says why"
        return f"{failed[-1]['LogicalResourceId']}: {failed[-1].get('ResourceStatusReason', 'no reason given')}"


def _wait_until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    pause_s = _FIRST_POLL_S
    while not done():
        if time.monotonic() > deadline:
            raise StoreUnavailable(f"{what} has not come to an end after {_TIMEOUT_S / 60:.0f} minutes")
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LAST_POLL_S)


def _parse(entry: dict[str, Any]) -> Change:
    change = entry["ResourceChange"]
    replacement = change.get("Replacement", "False")
    return Change(change["Action"], change["LogicalResourceId"], change["ResourceType"], replacement)
