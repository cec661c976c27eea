"""A whole stack that runs, and a browser to look at it: what several end-to-end suites share.

Each module that asks gets a stack of its own, on free ports and in an empty home. What a suite does with it is in the
suite.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from axia_cli.demo import plan_for
from axia_cli.stack.ports import free_ports
from axia_cli.stack.supervisor import running_stack
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.settings import Settings

ROOT = Path(__file__).parents[2]
COMMAND_WITHIN_S = 300.0
STRANGE = ("AXIA_", "AWS_", "DAGSTER_")  # a developer's own settings, which must not reach a test's stack

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# No sandbox, because CI is root in a container; the rest keeps it from calling home.
CHROMIUM_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)
VIEWPORT = (1440, 900)
SHOWN_WITHIN_S = 120.0  # a page on two busy cores; most take a second


@dataclass(frozen=True)
class Running:
    """A local stack that is up: how to reach it from this process, from a browser and from a subprocess."""

    settings: Settings
    urls: Mapping[str, str]
    environment: Mapping[str, str]

    def now(self) -> datetime:
        """The stack's own time, which lies in an open session."""
        return datetime.now(UTC) + self.settings.clock_shift

    def axia(self, *arguments: str) -> Any:
        """What an `axia` command prints with `--json`; fails the test when the command fails."""
        result = subprocess.run(
            [sys.executable, "-m", "axia_cli", *arguments, "--json"],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=COMMAND_WITHIN_S,
            check=False,
            cwd=ROOT,
        )
        assert result.returncode == 0, result.stderr[-3000:]
        return json.loads(result.stdout)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack on a clock inside an open session, so that orders can be filled on a weekend as well."""
    aws, redis, web, code = free_ports(4)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(STRANGE)]:
            patch.delenv(name)
        settings = Settings(
            home=tmp_path_factory.mktemp("stack") / "home",
            aws_port=aws,
            redis_port=redis,
            webserver_port=web,
            code_server_port=code,
            clock_shift_s=plan_for(datetime.now(UTC), DEFAULT_SYMBOLS).shift.total_seconds(),
        )
        with running_stack(settings) as started:
            yield Running(started.settings, started.urls, {**os.environ, **started.environment})


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; where there is none the test is skipped, and in CI it fails."""
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if program is None:
        why = f"no {' or '.join(CHROMIUM_NAMES)} on PATH"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    expect.set_options(timeout=SHOWN_WITHIN_S * 1000)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS.split())
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty tab that waits patiently."""
    with new_page(browser) as opened:
        yield opened


def new_page(browser: Browser) -> Page:
    """A tab for fixtures that live longer than a test; close it, or use it in a `with`."""
    width, height = VIEWPORT
    opened = browser.new_page(viewport={"width": width, "height": height})
    opened.set_default_timeout(SHOWN_WITHIN_S * 1000)
    return opened


def new_tabs(browser: Browser) -> BrowserContext:
    """The place for several tabs that share what was loaded; use it in a `with`."""
    width, height = VIEWPORT
    opened = browser.new_context(viewport={"width": width, "height": height})
    opened.set_default_timeout(SHOWN_WITHIN_S * 1000)
    return opened
