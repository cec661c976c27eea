"""`axia up`, `axia env`, `axia deploy`: the local stack, and the templates on it or on AWS."""

from __future__ import annotations

import signal
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from axia_cli import output
from axia_cli.output import Json, emit, say
from axia_core.errors import InvalidInput
from axia_core.settings import Settings, load_settings

if TYPE_CHECKING:
    # Annotations only: boto3 is of no use to the other commands.
    from infra.change_sets import Change
    from infra.clients import Clients
    from infra.conformance import Report
    from infra.deployer import Deployment

DIFFERENT_EXIT = 1


class Target(StrEnum):
    """Where to deploy."""

    LOCAL = "local"
    AWS = "aws"


class Shell(StrEnum):
    """Whose notation `axia env` speaks."""

    SH = "sh"
    POWERSHELL = "powershell"


def up(as_json: Json = False) -> None:
    """Start the local stack and keep it running until Ctrl-C."""
    # Deferred: psutil and the paper terminal are of no use to the other commands.
    from axia_cli.stack.environment import shell_lines
    from axia_cli.stack.supervisor import running_stack

    _end_like_ctrl_c()
    settings = load_settings()
    with running_stack(settings, progress=say, console=_with_console(settings)) as stack:
        if as_json:
            emit({"urls": stack.urls, "environment": stack.environment, "seconds": stack.seconds})
        else:
            _welcome(stack.urls, shell_lines(stack.environment, Shell.SH))
        try:
            stack.watch()
        except KeyboardInterrupt:
            say("stopping")


def _with_console(settings: Settings) -> bool:
    """Whether the console is wanted and there; it is an extra, and everything else works without it."""
    from importlib.util import find_spec

    if settings.console and find_spec("streamlit") is None:
        say("without the console: install axia[console] for it, or set AXIA_CONSOLE=false")
        return False
    return settings.console


def env(
    shell: Annotated[Shell, typer.Option(help="Whose assignments to print.")] = Shell.SH, as_json: Json = False
) -> None:
    """Print what a shell needs to talk to the running stack: `eval "$(axia env)"`."""
    from axia_cli.stack import record
    from axia_cli.stack.environment import shell_lines

    variables = record.running(load_settings().home).environment
    if as_json:
        return emit(variables)
    return typer.echo("\n".join(shell_lines(variables, shell)))


def deploy(
    target: Annotated[Target, typer.Option(help="The running local stack, or AWS.")] = Target.LOCAL,
    check: Annotated[bool, typer.Option("--check", help="Change nothing: compare what is deployed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="On AWS, do not ask before a change set runs.")] = False,
    as_json: Json = False,
) -> None:
    """Make the stack what the templates say, or compare the two; exit code 1 when they differ."""
    from infra import stacks

    settings = load_settings()
    local = target is Target.LOCAL
    chosen = _clients(settings, local)
    if check:
        names = stacks.names_in(settings)
        report = stacks.check_core(chosen, region=settings.aws_region, local=local, names=names)
        return _show_report(target, report, as_json)
    deployment = _deploy(settings, chosen, local, confirmed=yes or local)
    return _show_deployment(target, deployment, as_json)


def _deploy(settings: Settings, chosen: Clients, local: bool, *, confirmed: bool) -> Deployment:
    from infra import stacks

    deployment = stacks.deploy_core(
        chosen,
        region=settings.aws_region,
        local=local,
        names=stacks.names_in(settings),
        progress=say,
        approve=(lambda _: True) if confirmed else _ask,
    )
    if not local and deployment.action != "declined":
        # A new system on AWS trades nothing until a person releases it.
        from axia_core.adapters.dynamodb import connect

        connect(settings).initialise_kill_switch(active=True, who="axia deploy", now=datetime.now(UTC))
    return deployment


def _clients(settings: Settings, local: bool) -> Clients:
    if not local and settings.aws_endpoint_url:
        rule = "the target is AWS, but this shell points at a local server"
        raise InvalidInput("AWS_ENDPOINT_URL", settings.aws_endpoint_url, rule, "Unset it, or deploy to local.")
    from infra.clients import clients

    return clients(settings.aws_region, _local_url(settings) if local else None)


def _local_url(settings: Settings) -> str:
    from axia_cli.stack import record

    return settings.aws_endpoint_url or record.running(settings.home).urls["aws"]


def _ask(changes: tuple[Change, ...]) -> bool:
    return typer.confirm(f"Run these {len(changes)} changes on AWS?", err=True)


def _show_deployment(target: Target, deployment: Deployment, as_json: bool) -> None:
    if as_json:
        return emit({"target": target, **asdict(deployment)})
    return say("no changes" if deployment.action == "unchanged" else f"{deployment.action} on {target}")


def _show_report(target: Target, report: Report, as_json: bool) -> None:
    if as_json:
        counts = {"resources": report.resources, "properties": report.properties}
        differences = [
            {"resource": d.resource.name, "property": d.property, "expected": d.expected, "actual": d.actual}
            for d in report.differences
        ]
        emit({"target": target, **counts, "differences": differences, "unread": report.unread})
    else:
        for difference in report.differences:
            say(str(difference))
        say(f"{report.resources} resources, {report.properties} properties, {len(report.differences)} differences")
    if report.differences:
        raise typer.Exit(DIFFERENT_EXIT)


def _welcome(urls: dict[str, str], exports: list[str]) -> None:
    say("")
    say(f"AXIA is up. Dagster: {urls['dagster']}   AWS: {urls['aws']}   Redis: {urls['redis']}")
    if "console" in urls:
        say(f"Console: {urls['console']}")
    say('In another shell, eval "$(axia env)" or:')
    for line in exports:
        say(f"  {line}")
    output.console.print("Ctrl-C ends everything.", style="bold")


def _end_like_ctrl_c() -> None:
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
