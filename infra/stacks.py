"""Deploying AXIA's templates as a whole: each target's parameters, the stack, and locally the reconciliation."""

from __future__ import annotations

from collections.abc import Mapping

from axia_core.settings import Settings
from infra import conformance, reconcile
from infra.clients import Clients
from infra.deployer import Approve, Deployment, Progress, deploy
from infra.template import CORE, Template


def names_in(settings: Settings) -> dict[str, str]:
    """The template's names as the settings have them."""
    return {
        "BucketName": settings.bucket,
        "TableName": settings.table,
        "OrderQueueName": settings.order_queue,
        "DeadLetterQueueName": settings.dead_letter_queue,
    }


def core_template(clients: Clients, *, region: str, local: bool, names: Mapping[str, str] | None = None) -> Template:
    """The core template with the parameters of a target."""
    # The local server speaks plain HTTP on loopback, where a policy that demands TLS would lock everybody out.
    parameters = {"RequireTls": "false" if local else "true", **(names or {})}
    account = clients("sts").get_caller_identity()["Account"]
    return Template.read(CORE, parameters, region=region, account=account)


def deploy_core(
    clients: Clients,
    *,
    region: str,
    local: bool,
    names: Mapping[str, str] | None = None,
    progress: Progress = lambda _: None,
    approve: Approve = lambda _: True,
) -> Deployment:
    """Make the core stack what its template says, on AWS or on the local server; safe to repeat."""
    template = core_template(clients, region=region, local=local, names=names)
    deployment = deploy(template, clients, progress=progress, approve=approve)
    if local:
        reconcile.reconcile(template, clients, progress=progress)
    return deployment


def check_core(
    clients: Clients, *, region: str, local: bool, names: Mapping[str, str] | None = None
) -> conformance.Report:
    """Compare what is deployed with the core template, property by property."""
    return conformance.compare(core_template(clients, region=region, local=local, names=names), clients)
