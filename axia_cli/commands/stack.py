"""`axia up` and `axia env`: the local stack."""

from __future__ import annotations

import signal
from enum import StrEnum
from typing import Annotated

import typer

from axia_cli import output
from axia_cli.output import Json, emit, say
from axia_core.settings import Settings, load_settings


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
