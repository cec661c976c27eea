"""The processes of the local stack: what each is started with, and how one sees that it is ready.

Their order, their watching and their ending belong to `supervisor`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from axia_cli.stack import dagster_web, emulator_client, environment, redis_server
from axia_cli.stack.ports import answers
from axia_cli.stack.processes import Command
from axia_core.settings import Settings

PAPER = "axia_core.adapters.paper"
DEFINITIONS = "axia_pipelines.definitions"
LEAN = ("-m", "axia_cli.stack.lean")


@dataclass(frozen=True)
class Part:
    """One process of the stack."""

    command: Command
    ready: Callable[[], bool]
    timeout_s: float = 30.0
    grace_s: float = 3.0

    @property
    def name(self) -> str:
        """What it is called in messages, in `stack.json` and in its log's name."""
        return self.command.name


@dataclass(frozen=True)
class Parts:
    """Every part of one stack; `settings` are those of `environment.local`."""

    settings: Settings

    @property
    def dagster_home(self) -> Path:
        """Where the Dagster instance lives."""
        return self.settings.home / "dagster"

    @property
    def web_url(self) -> str:
        """The Dagster UI."""
        return f"http://{self.settings.host}:{self.settings.webserver_port}"

    @property
    def aws_url(self) -> str:
        """The local AWS server."""
        return f"http://{self.settings.host}:{self.settings.aws_port}"

    @property
    def console_url(self) -> str:
        """The console."""
        return f"http://{self.settings.console_host}:{self.settings.console_port}"

    @property
    def has_paper_terminal(self) -> bool:
        """Whether the broker is ours to start; a real terminal is opened by the MT5 module."""
        return self.settings.mt5_module.startswith(PAPER)

    def emulator(self) -> Part:
        """The local AWS server."""
        settings = self.settings
        options = ("--port", str(settings.aws_port), "--state-dir", str(settings.home / "aws"))
        more = ("--region", settings.aws_region, "--redis-port", str(settings.redis_port))
        argv = ("-m", "axia_cli.stack.emulator", *options, *more)
        # Its last save may take a while when there are many objects.
        return self._python("aws", argv, lambda: emulator_client.boot(self.aws_url) is not None, grace_s=30)

    def redis(self) -> Part:
        """The bar cache."""
        argv = redis_server.command(self.settings.redis_port, self.settings.home / "redis")
        return Part(self._command("redis", argv), lambda: redis_server.ready(self.settings.redis_port))

    def paper_terminal(self) -> Part:
        """The paper MT5 terminal, which fills, stops and expires orders while nobody calls it."""
        folder = self.settings.terminal_path
        log = self.log("paper-terminal")
        return self._python("paper-terminal", ("-m", PAPER, str(folder)), lambda: b"is running" in log.read_bytes())

    def code_server(self) -> Part:
        """The one process that has loaded the Dagster definitions; runs are its children."""
        address = ("--host", self.settings.host, "--port", str(self.settings.code_server_port))
        argv = (*LEAN, "dagster", "api", "grpc", "-m", DEFINITIONS, "--location-name", "axia", *address)
        return self._python("code-server", argv, lambda: answers(self.settings.code_server_port), timeout_s=90)

    def daemon(self) -> Part:
        """Schedules, sensors, the run queue and run monitoring."""
        argv = (*LEAN, "dagster._daemon", "run", "-w", str(self.dagster_home / "workspace.yaml"))
        return self._python("daemon", argv, lambda: dagster_web.daemons_healthy(self.web_url), timeout_s=90)

    def webserver(self) -> Part:
        """The Dagster UI."""
        address = ("-h", self.settings.host, "-p", str(self.settings.webserver_port))
        argv = (*LEAN, "dagster_webserver", "-w", str(self.dagster_home / "workspace.yaml"), *address)
        return self._python("webserver", argv, lambda: dagster_web.up(self.web_url), timeout_s=90)

    def console(self) -> Part:
        """The console, where people trade by hand; it needs nobody to be up, and says what is not."""
        return self._python(
            "console", ("-m", "axia_console"), lambda: answers(self.settings.console_port), timeout_s=60
        )

    def log(self, name: str) -> Path:
        """Where a part writes."""
        return self.settings.home / "logs" / f"{name}.log"

    def _python(
        self,
        name: str,
        argv: tuple[str, ...],
        ready: Callable[[], bool],
        *,
        timeout_s: float = 30.0,
        grace_s: float = 3.0,
    ) -> Part:
        return Part(self._command(name, (sys.executable, *argv)), ready, timeout_s, grace_s)

    def _command(self, name: str, argv: tuple[str, ...]) -> Command:
        return Command(name, argv, self.log(name), environment.for_children(self.settings))
