"""Puts a template into CloudFormation through change sets: create, update, or say that nothing changes.

The same code serves AWS and the local server. What the local server drops is `reconcile`'s; whether what is deployed is
what the template says is `conformance`'s.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from axia_core.errors import InvalidInput, StoreUnavailable
from infra import leftovers
from infra.clients import Clients
from infra.template import Template

STACK = "axia-core"
_POLL_S = 0.05
_TIMEOUT_S = 1_200.0

Kind = Literal["CREATE", "UPDATE", "IMPORT"]
Progress = Callable[[str], None]


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
class Deployment:
    """What a deployment did."""

    action: Literal["created", "updated", "unchanged"]
    changes: tuple[Change, ...] = ()
    adopted: tuple[str, ...] = ()


def deploy(template: Template, clients: Clients, *, progress: Progress = lambda _: None) -> Deployment:
    """Make the stack what the template says; safe to repeat.

    A creation that failed is removed and made again, and what an earlier stack left behind is adopted or, when it is
    empty, replaced.
    """
    try:
        return _deploy(template, clients, progress)
    except BotoCoreError as error:
        raise StoreUnavailable(f"CloudFormation could not be reached: {error}") from error
    except ClientError as error:
        rule = f"CloudFormation refused it: {error.response['Error']['Message']}"
        raise InvalidInput("stack", STACK, rule) from error


def _deploy(template: Template, clients: Clients, progress: Progress) -> Deployment:
    cloudformation = clients("cloudformation")
    kind = _clear_failed_creation(cloudformation, progress)
    adopted = _adopt(template, clients, progress) if kind == "CREATE" else ()
    kind = "UPDATE" if adopted else kind
    changes = _change(cloudformation, template.body, template, kind, progress)
    if not changes:
        return Deployment("unchanged", adopted=adopted)
    return Deployment("created" if kind == "CREATE" else "updated", changes, adopted)


def _clear_failed_creation(cloudformation: Any, progress: Progress) -> Kind:
    status = stack_status(cloudformation)
    if status in ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"):
        progress(f"remove {STACK}, whose creation failed ({status})")
        cloudformation.delete_stack(StackName=STACK)
        _wait(cloudformation, {"DELETE_COMPLETE", "ABSENT"})
        return "CREATE"
    return "CREATE" if status in ("ABSENT", "REVIEW_IN_PROGRESS", "DELETE_COMPLETE") else "UPDATE"


def _adopt(template: Template, clients: Clients, progress: Progress) -> tuple[str, ...]:
    found = leftovers.find(template, clients)
    if not found:
        return ()
    names = tuple(item.resource.name for item in found)
    progress(f"adopt {', '.join(names)}, which an earlier stack left behind")
    imports = [item.as_import() for item in found]
    body = leftovers.reduced(template, [item.resource.logical_id for item in found])
    _change(clients("cloudformation"), body, template, "IMPORT", progress, imports)
    return names


def _change(
    cloudformation: Any,
    body: str,
    template: Template,
    kind: Kind,
    progress: Progress,
    imports: list[dict[str, Any]] | None = None,
) -> tuple[Change, ...]:
    name = f"axia-{uuid.uuid4().hex[:12]}"
    declared = (json.loads(body) if body.startswith("{") else template.document)["Parameters"]
    cloudformation.create_change_set(
        StackName=STACK,
        ChangeSetName=name,
        ChangeSetType=kind,
        TemplateBody=body,
        Parameters=[{"ParameterKey": key, "ParameterValue": template.values[key]} for key in declared],
        Capabilities=["CAPABILITY_NAMED_IAM"],
        **({"ResourcesToImport": imports} if imports else {}),
    )
    described = _wait_for_change_set(cloudformation, name)
    if described["Status"] == "FAILED":
        return _no_changes(cloudformation, name, described)
    changes = tuple(_parse(entry["ResourceChange"]) for entry in described["Changes"])
    for change in changes:
        progress(str(change))
    cloudformation.execute_change_set(StackName=STACK, ChangeSetName=name)
    _finish(cloudformation, kind)
    return changes


def _wait_for_change_set(cloudformation: Any, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + _TIMEOUT_S
    while True:
        described: dict[str, Any] = cloudformation.describe_change_set(StackName=STACK, ChangeSetName=name)
        if described["Status"] in ("CREATE_COMPLETE", "FAILED"):
            described["Changes"] += _further_changes(cloudformation, name, described.get("NextToken"))
            return described
        if time.monotonic() > deadline:
            raise StoreUnavailable(f"the change set {name} of {STACK} is still {described['Status']}")
        time.sleep(_POLL_S)


def _further_changes(cloudformation: Any, name: str, token: str | None) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = []
    while token:
        page = cloudformation.describe_change_set(StackName=STACK, ChangeSetName=name, NextToken=token)
        changes += page["Changes"]
        token = page.get("NextToken")
    return changes


def _no_changes(cloudformation: Any, name: str, described: dict[str, Any]) -> tuple[Change, ...]:
    cloudformation.delete_change_set(StackName=STACK, ChangeSetName=name)
    reason = described.get("StatusReason", "")
    if "didn't contain changes" in reason or "No updates are to be performed" in reason:
        return ()
    raise InvalidInput("template", STACK, f"CloudFormation made no change set: {reason}")


def _finish(cloudformation: Any, kind: Kind) -> None:
    wanted = f"{kind}_COMPLETE"
    status = _wait(cloudformation, {wanted})
    if status != wanted:
        remedy = "Correct the cause and deploy again; a failed creation is removed first, an update was rolled back."
        raise InvalidInput("stack", STACK, f"it ended {status}: {_first_failure(cloudformation)}", remedy)


def _wait(cloudformation: Any, wanted: set[str]) -> str:
    deadline = time.monotonic() + _TIMEOUT_S
    while (status := stack_status(cloudformation)) not in wanted and _moving(status):
        if time.monotonic() > deadline:
            raise StoreUnavailable(f"{STACK} is still {status}; look at its events and try again")
        time.sleep(_POLL_S)
    return status


def _moving(status: str) -> bool:
    return status.endswith("_IN_PROGRESS")


def stack_status(cloudformation: Any) -> str:
    """The stack's status, `ABSENT` when there is none."""
    try:
        return str(cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return "ABSENT"
        raise


def _first_failure(cloudformation: Any) -> str:
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    if not failed:
        return "no resource says why"
    return f"{failed[-1]['LogicalResourceId']}: {failed[-1].get('ResourceStatusReason', 'no reason given')}"


def _parse(change: dict[str, Any]) -> Change:
    return Change(
        change["Action"], change["LogicalResourceId"], change["ResourceType"], change.get("Replacement", "False")
    )
