"""`axia deploy`: the templates on the local stack or on AWS, and whether the two agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from axia_cli.output import Json, emit, say
from axia_core.errors import InvalidInput
from axia_core.settings import Settings, load_settings

if TYPE_CHECKING:
    # Annotations only: boto3 is of no use to the other commands.
    from infra import stacks
    from infra.change_sets import Change
    from infra.conformance import Difference, Report
    from infra.deployer import Deployment
    from infra.environments import Plan

DIFFERENT_EXIT = 1
ALL = "all"


class Where(StrEnum):
    """Where to deploy."""

    LOCAL = "local"
    AWS = "aws"


def deploy(
    target: Annotated[Where, typer.Option(help="The running local stack, or AWS.")] = Where.LOCAL,
    stack: Annotated[
        str, typer.Option(help="core, cache, network, host, vpc, web, osaka, copy, or all of them in their order.")
    ] = "",
    check: Annotated[bool, typer.Option("--check", help="Change nothing: compare what is deployed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="On AWS, do not ask before a change set runs.")] = False,
    environment: Annotated[
        str, typer.Option(help="Section of the parameters file: local, aws (the original design), production.")
    ] = "",
    parameters: Annotated[Path | None, typer.Option(help="A parameters file of yours.")] = None,
    as_json: Json = False,
) -> None:
    """Make the stacks what the templates say, or compare the two; exit code 1 when they differ.

    Without --stack: core on the local stack, all on AWS; --check looks at every stack that is deployed.
    """
    from infra import stacks

    settings = load_settings()
    where = _target(settings, target, environment or target.value, parameters)
    if check:
        return _show_check(where, stacks.check(where, _plans(where, stack or ALL)), as_json)
    plans = _plans(where, stack or ("core" if where.local else ALL))
    return _deploy(settings, where, plans, confirmed=yes or where.local, as_json=as_json)


def _target(settings: Settings, target: Where, environment: str, parameters: Path | None) -> stacks.Target:
    from infra import environments, stacks

    if target is Where.AWS and settings.aws_endpoint_url:
        rule = "the target is AWS, but this shell points at a local server"
        raise InvalidInput("AWS_ENDPOINT_URL", settings.aws_endpoint_url, rule, "Unset it, or deploy to local.")
    url = _local_url(settings) if target is Where.LOCAL else None
    chosen = environments.read(environment, parameters or environments.FILE)
    return stacks.Target(chosen, settings.aws_region, url, stacks.names_in(settings))


def _local_url(settings: Settings) -> str:
    from axia_cli.stack import record

    return settings.aws_endpoint_url or record.running(settings.home).urls["aws"]


def _plans(where: stacks.Target, stack: str) -> Sequence[Plan]:
    return where.environment.plans if stack == ALL else (where.environment.plan(stack),)


def _deploy(settings: Settings, where: stacks.Target, plans: Sequence[Plan], *, confirmed: bool, as_json: bool) -> None:
    documents = []
    for plan in plans:
        drifted, deployment = _deploy_one(where, plan, len(plans), confirmed=confirmed)
        documents.append({"stack": plan.name, **asdict(deployment), "drift": [_difference(each) for each in drifted]})
        if deployment.action == "declined":
            break
        if plan.name == "core" and not where.local:
            _halt(settings)
    if as_json:
        emit({"target": _word(where), "environment": where.environment.name, "stacks": documents})


def _deploy_one(
    where: stacks.Target, plan: Plan, count: int, *, confirmed: bool
) -> tuple[tuple[Difference, ...], Deployment]:
    from infra import stacks

    drifted = stacks.drift(where, plan)
    for difference in drifted:
        say(f"drift: {difference}")
    ask = (lambda _: True) if confirmed else _ask
    deployment = stacks.deploy_stack(where, plan, progress=say, approve=ask)
    name = f"{plan.name}: " if count > 1 else ""
    say(name + ("no changes" if deployment.action == "unchanged" else f"{deployment.action} on {_word(where)}"))
    return drifted, deployment


def _halt(settings: Settings) -> None:
    # A new system on AWS trades nothing until a person releases it.
    from axia_core.adapters.dynamodb import connect

    connect(settings).initialise_kill_switch(active=True, who="axia deploy", now=datetime.now(UTC))


def _ask(changes: tuple[Change, ...]) -> bool:
    return typer.confirm(f"Run these {len(changes)} changes on AWS?", err=True)


def _show_check(where: stacks.Target, checked: stacks.Checked, as_json: bool) -> None:
    from infra.stacks import NOT_LOCAL

    total = checked.total
    if as_json:
        counts = {"resources": total.resources, "properties": total.properties}
        differences = [_difference(each) for each in total.differences]
        by_stack = {name: _counts(report) for name, report in checked.reports.items()}
        rest = {"not_deployed": checked.not_deployed, "not_on_the_local_server": NOT_LOCAL if where.local else {}}
        document = {**counts, "differences": differences, "unread": total.unread, "stacks": by_stack, **rest}
        emit({"target": _word(where), "environment": where.environment.name, **document})
    else:
        for difference in total.differences:
            say(str(difference))
        say(f"{total.resources} resources, {total.properties} properties, {len(total.differences)} differences")
        say(f"in {', '.join(checked.reports) or 'no stack'}; not deployed: {', '.join(checked.not_deployed) or 'none'}")
    if total.differences:
        raise typer.Exit(DIFFERENT_EXIT)


def _counts(report: Report) -> dict[str, int]:
    return {
        "resources": report.resources,
        "properties": report.properties,
        "differences": len(report.differences),
    }


def _difference(found: Difference) -> dict[str, object]:
    named = {"resource": found.resource.name, "property": found.property}
    return {**named, "expected": found.expected, "actual": found.actual}


def _word(where: stacks.Target) -> str:
    return "local" if where.local else "aws"
