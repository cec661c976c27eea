"""Puts a template into CloudFormation: create, update, or say that nothing changes. Safe to repeat from any state.

The same code serves AWS and the local server. What the local server drops is `reconcile`'s; whether what is deployed is
what the template says is `conformance`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from axia_core.errors import InvalidInput, StoreUnavailable
from infra import leftovers
from infra.change_sets import ABSENT, Change, Kind, Stack
from infra.clients import Clients
from infra.template import Template

STACK = "axia-core"
_FAILED_CREATION = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
_NOT_CREATED = (ABSENT, "REVIEW_IN_PROGRESS", "DELETE_COMPLETE")

Progress = Callable[[str], None]
Approve = Callable[[tuple[Change, ...]], bool]


@dataclass(frozen=True)
class Deployment:
    """What a deployment did."""

    action: Literal["created", "updated", "unchanged", "declined"]
    changes: tuple[Change, ...] = ()
    adopted: tuple[str, ...] = ()


def deploy(
    template: Template,
    clients: Clients,
    *,
    name: str = STACK,
    progress: Progress = lambda _: None,
    approve: Approve = lambda _: True,
) -> Deployment:
    """Make the stack what the template says, after `approve` has seen the changes.

    A creation that failed is removed and made again; what an earlier stack left behind is adopted with its content.
    """
    try:
        return _deploy(Stack(name, clients("cloudformation")), template, clients, progress, approve)
    except BotoCoreError as error:
        raise StoreUnavailable(f"CloudFormation could not be reached: {error}") from error
    except ClientError as error:
        rule = f"CloudFormation refused it: {error.response['Error']['Message']}"
        raise InvalidInput("stack", name, rule) from error


def _deploy(stack: Stack, template: Template, clients: Clients, progress: Progress, approve: Approve) -> Deployment:
    kind = _kind(stack, progress)
    adopted = _adopt(stack, template, clients, progress) if kind == "CREATE" else ()
    proposed = stack.propose("UPDATE" if adopted else kind, template.body, template.values)
    for change in proposed.changes:
        progress(str(change))
    if not proposed.changes:
        return Deployment("unchanged", adopted=adopted)
    if not approve(proposed.changes):
        stack.discard(proposed)
        return Deployment("declined", proposed.changes, adopted)
    stack.run(proposed)
    return Deployment("created" if proposed.kind == "CREATE" else "updated", proposed.changes, adopted)


def _kind(stack: Stack, progress: Progress) -> Kind:
    status = stack.status
    if status in _FAILED_CREATION:
        progress(f"remove {stack.name}, whose creation failed ({status})")
        stack.remove()
        return "CREATE"
    return "CREATE" if status in _NOT_CREATED else "UPDATE"


def _adopt(stack: Stack, template: Template, clients: Clients, progress: Progress) -> tuple[str, ...]:
    found = leftovers.find(template, clients)
    if not found:
        return ()
    names = tuple(item.resource.name for item in found)
    progress(f"adopt {', '.join(names)}, which an earlier stack left behind")
    body = leftovers.reduced(template, [item.resource.logical_id for item in found])
    stack.run(stack.propose("IMPORT", body, template.values, [item.as_import() for item in found]))
    return names
