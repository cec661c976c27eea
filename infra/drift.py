"""What somebody has changed by hand since the last deployment: stacks against the templates they were deployed from.

`axia deploy --check` compares with the templates of this version and needs the parameters; this takes both from
CloudFormation, so it needs neither. Only the stacks that hold something to recover are looked at.
"""

from __future__ import annotations

from typing import Any

from axia_core.aws import Connect, translated
from axia_core.domain.safeguards import Drift
from axia_core.ports.verification import Compared, Templates
from infra import conformance, environments
from infra.change_sets import Stack
from infra.clients import Clients
from infra.conformance import Difference
from infra.environments import Plan
from infra.stacks import NOT_DEPLOYED
from infra.template import Template

COMPARED = ("osaka", "core", "copy")


class DeployedTemplates(Templates):
    """The stacks of an account, by clients of the recovery checks' role; *region* is the settings' own."""

    def __init__(self, connect: Connect, region: str) -> None:
        self._connect = connect
        self._region = region

    def compared(self) -> Compared:
        plans = environments.read("production").plans
        reports = {plan.name: self._report(plan) for plan in plans if plan.name in COMPARED}
        found = {name: report for name, report in reports.items() if report is not None}
        drifts = (_drift(name, each) for name, report in found.items() for each in report.differences)
        return Compared(sum(report.properties for report in found.values()), tuple(drifts))

    def _report(self, plan: Plan) -> conformance.Report | None:
        """One stack compared; None where it is not deployed."""
        clients = _remembering(self._connect, plan.region or self._region)
        with translated(f"comparing the stack {plan.stack_name}"):
            stack = Stack(plan.stack_name, clients("cloudformation"))
            if stack.status in NOT_DEPLOYED:
                return None
            body, parameters = stack.deployed()
            account = str(clients("sts").get_caller_identity()["Account"])
            template = Template(body, parameters, plan.region or self._region, account, stack.physical_ids)
        return conformance.compare(template, clients)


def _remembering(connect: Connect, region: str) -> Clients:
    """Clients of a region for one comparison."""
    made: dict[str, _Remembering] = {}
    return lambda service: made.setdefault(service, _Remembering(connect(service, region)))


class _Remembering:
    """A client that asks AWS each question once: thirteen properties of an alarm are one description of it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._answers: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if not name.startswith(("describe_", "get_", "list_")) or name == "get_paginator":
            return call

        def ask(**given: Any) -> Any:
            question = f"{name} {sorted(given.items())}"
            if question not in self._answers:
                self._answers[question] = call(**given)
            return self._answers[question]

        return ask


def _drift(stack: str, found: Difference) -> Drift:
    return Drift(
        stack=stack,
        resource=found.resource.name,
        kind=found.resource.type,
        property=found.property,
        missing=found.actual in (None, conformance.MISSING),
    )
