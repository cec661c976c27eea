"""Deploying AXIA's templates as a whole: an environment's stacks in their order, what one tells another, and the check.

Which stacks and parameters there are is `environments`'; one stack's change sets are `deployer`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from axia_core.errors import InvalidInput
from infra import clients as factory
from infra import conformance, environments, reconcile
from infra.change_sets import Stack
from infra.clients import Clients
from infra.deployer import Approve, Deployment, Progress, deploy
from infra.environments import Environment, Plan
from infra.template import Template

if TYPE_CHECKING:
    from axia_core.settings import Settings

# What the local server's CloudFormation does not know, and what looks at it instead.
NOT_LOCAL = {
    "AWS::EC2::EIP": "cfn-lint and checkov",
    "AWS::EC2::NatGateway": "cfn-lint and checkov",
    "AWS::EC2::FlowLog": "cfn-lint and checkov",
    "AWS::DLM::LifecyclePolicy": "cfn-lint, checkov and a test of its schedule",
}
NOT_DEPLOYED = ("ABSENT", "REVIEW_IN_PROGRESS", "DELETE_COMPLETE", "ROLLBACK_COMPLETE")


# Making a client costs more than what it is asked here.
_clients = cache(factory.clients)


@dataclass(frozen=True)
class Target:
    """Where an environment is deployed: the region of its own, and the endpoint of the local server."""

    environment: Environment
    region: str
    endpoint_url: str | None = None
    names: Mapping[str, str] | None = None

    @property
    def local(self) -> bool:
        """Whether this is the local server."""
        return self.endpoint_url is not None

    def clients(self, plan: Plan) -> Clients:
        """The clients of a stack's region."""
        return _clients(plan.region or self.region, self.endpoint_url)

    def stack(self, plan: Plan) -> Stack:
        """A stack of it, deployed or not."""
        return Stack(plan.stack_name, self.clients(plan)("cloudformation"))

    def is_deployed(self, plan: Plan) -> bool:
        """Whether there is such a stack."""
        return self.stack(plan).status not in NOT_DEPLOYED

    def template(self, plan: Plan) -> Template:
        """The stack's template with this environment's parameters; raises InvalidInput for what is not given."""
        known = Template.read(plan.template, {}, region=plan.region or self.region, account=self._account(plan))
        given = {**self._named(known), **self._resolved(plan)}
        template = replace(known, parameters=given)
        if template.required:
            missing, where = ", ".join(template.required), f"[{self.environment.name}.{plan.name}]"
            remedy = f"Give it in {where} of the parameters file (infra/parameters.toml, or a copy: --parameters FILE)."
            raise InvalidInput("parameter", missing, f"the stack {plan.name} needs it", remedy)
        return template

    def _account(self, plan: Plan) -> str:
        return str(self.clients(plan)("sts").get_caller_identity()["Account"])

    def _named(self, template: Template) -> dict[str, str]:
        # A name of the settings goes wherever a template asks for it.
        known = {**(self.names or {})}
        known |= {"SourceBucketName": known["BucketName"]} if "BucketName" in known else {}
        return {name: value for name, value in known.items() if name in template.document["Parameters"]}

    def _resolved(self, plan: Plan) -> dict[str, str]:
        outputs: dict[str, dict[str, str]] = {}
        found = {name: self._value(text, outputs) for name, text in plan.parameters.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _value(self, text: str, outputs: dict[str, dict[str, str]]) -> str | None:
        if not text.startswith("@"):
            return text
        name, _, output = text.removeprefix("@").removesuffix("?").partition(".")
        if name not in outputs:
            outputs[name] = self.stack(self.environment.plan(name)).outputs
        value = outputs[name].get(output)
        if value is None and not text.endswith("?"):
            raise InvalidInput("stack", name, f"its output {output} is needed", f"Deploy {name} first.")
        return value


@dataclass(frozen=True)
class Checked:
    """Every deployed stack compared with its template, by name; and those that are not deployed."""

    reports: Mapping[str, conformance.Report]
    not_deployed: tuple[str, ...]

    @property
    def total(self) -> conformance.Report:
        """All of them in one."""
        return conformance.total(list(self.reports.values()))


def names_in(settings: Settings) -> dict[str, str]:
    """The templates' names as the settings have them."""
    return {
        "BucketName": settings.bucket,
        "TableName": settings.table,
        "OrderQueueName": settings.order_queue,
        "DeadLetterQueueName": settings.dead_letter_queue,
    }


def deploy_stack(
    target: Target, plan: Plan, *, progress: Progress = lambda _: None, approve: Approve = lambda _: True
) -> Deployment:
    """Make one stack what its template says; safe to repeat."""
    template, chosen = target.template(plan), target.clients(plan)
    deployment = deploy(template, chosen, name=plan.stack_name, progress=progress, approve=approve)
    if target.local and deployment.action != "declined":
        reconcile.reconcile(template, chosen, progress=progress)
    return deployment


def drift(target: Target, plan: Plan) -> tuple[conformance.Difference, ...]:
    """What somebody has changed by hand since the last deployment; nothing where there was none."""
    if not target.is_deployed(plan):
        return ()
    stack = target.stack(plan)
    body, parameters = stack.deployed()
    template = replace(target.template(plan), body=body, parameters=parameters, physical=stack.physical_ids)
    return conformance.compare(template, target.clients(plan)).differences


def check(target: Target, plans: Sequence[Plan]) -> Checked:
    """Compare what is deployed with the templates, property by property."""
    deployed = [plan for plan in plans if target.is_deployed(plan)]
    reports = {plan.name: check_stack(target, plan) for plan in deployed}
    return Checked(reports, tuple(plan.name for plan in plans if plan not in deployed))


def check_stack(target: Target, plan: Plan) -> conformance.Report:
    """Compare one deployed stack with its template."""
    template = replace(target.template(plan), physical=target.stack(plan).physical_ids)
    return conformance.compare(template, target.clients(plan))


def local_target(region: str, endpoint_url: str, names: Mapping[str, str] | None = None) -> Target:
    """The local server with the environment `local`."""
    return Target(environments.read("local"), region, endpoint_url, names)


def deploy_core(
    clients: Clients,
    *,
    region: str,
    names: Mapping[str, str] | None = None,
    progress: Progress = lambda _: None,
) -> Deployment:
    """Make the local server's core stack what its template says; `axia up` and the tests need no more."""
    target = local_target(region, clients("s3").meta.endpoint_url, names)
    return deploy_stack(target, target.environment.plan("core"), progress=progress)


def check_core(clients: Clients, *, region: str, names: Mapping[str, str] | None = None) -> conformance.Report:
    """Compare the local server's core stack with its template."""
    target = local_target(region, clients("s3").meta.endpoint_url, names)
    return check_stack(target, target.environment.plan("core"))
