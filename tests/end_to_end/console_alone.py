"""A console without a stack: before a local AWS server, a provider to sign in at, and a trading side that a test plays.

No Dagster and no desk are there, so what is sent stays in the queue, and what the desk would say is the test's choice.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from axia_cli.demo import plan_for
from axia_cli.stack import environment
from axia_cli.stack.ports import answers, free_ports
from axia_cli.stack.processes import Child, Command
from axia_core.adapters.clock import SystemClock
from axia_core.adapters.dynamodb import DynamoOrderLedger
from axia_core.adapters.dynamodb.snapshots import DynamoSnapshots
from axia_core.adapters.sqs import SqsOrderQueue
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.snapshot import Snapshot
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.ports import Clock, OrderLedger, OrderQueue, Snapshots
from axia_core.settings import Settings
from tests.conftest import LocalAws
from tests.end_to_end.oidc import CLIENT, SECRET, Person, Provider, running_provider
from tests.snapshot_examples import snapshot

TRADER, VIEWER, STRANGER = "trader@example.com", "viewer@example.com", "stranger@example.com"
UNVERIFIED = "unverified@example.com"
PEOPLE = (Person(TRADER), Person(VIEWER), Person(STRANGER), Person(UNVERIFIED, verified=False))
PUBLISH_EVERY_S = 1.0


@dataclass
class TradingSide:
    """Publishes what a desk would see, every second until it is told to fall silent."""

    snapshots: Snapshots
    clock: Clock
    silent: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def reporting(self) -> Iterator[TradingSide]:
        """Reports inside the `with`."""
        thread = threading.Thread(target=self._report, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.ended.set()
            thread.join()

    def last(self) -> Snapshot:
        """What was published last."""
        found = self.snapshots.read()
        assert found is not None
        return found

    def _report(self) -> None:
        while not self.ended.is_set():
            if not self.silent.is_set():
                self.snapshots.publish(snapshot(self.clock.now()))
            self.ended.wait(PUBLISH_EVERY_S)


@dataclass(frozen=True)
class Alone:
    """A console that runs, and what it reads and writes."""

    url: str
    provider: Provider
    ledger: OrderLedger
    queue: OrderQueue
    trading_side: TradingSide
    settings: Settings


@contextmanager
def console_alone(aws: LocalAws, redis_url: str, folder: Path) -> Iterator[Alone]:
    """Where one signs in at the provider; its trader, its viewer and nobody else may come in."""
    web, port, provider_port = free_ports(3)
    settings = Settings(
        home=folder / "home",
        aws_port=urlsplit(aws.endpoint_url).port or 0,
        redis_port=urlsplit(redis_url).port or 0,
        webserver_port=web,  # nobody listens there
        console_port=port,
        console_stale_s=4.0,
        console_traders=(TRADER, UNVERIFIED),
        console_viewers=(VIEWER,),
        clock_shift_s=plan_for(datetime.now(UTC), DEFAULT_SYMBOLS).shift.total_seconds(),
    )
    clock = SystemClock(settings.clock_shift)
    ledger = DynamoOrderLedger(aws.client("dynamodb"), settings.table, settings.retained_days)
    ledger.set_kill_switch(KillSwitch(active=False, reason="a test", who="test"), 0, clock.now())
    side = TradingSide(DynamoSnapshots(aws.client("dynamodb"), settings.table), clock)
    queue = SqsOrderQueue(aws.client("sqs"), settings.order_queue, settings.clock_shift)
    with running_provider(provider_port, PEOPLE) as provider, side.reporting():
        provider.redirect_uri = f"http://127.0.0.1:{port}/oauth2callback"
        with _running(settings, provider, folder):
            yield Alone(f"http://127.0.0.1:{port}", provider, ledger, queue, side, settings)


@contextmanager
def _running(settings: Settings, provider: Provider, folder: Path) -> Iterator[None]:
    secrets = folder / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir(parents=True)
    secrets.write_text(_secrets(provider), encoding="utf-8")
    variables = environment.for_children(settings) | {"HOME": str(folder), "USERPROFILE": str(folder)}
    child = Child.start(Command("console", (sys.executable, "-m", "axia_console"), folder / "console.log", variables))
    try:
        child.wait_until(lambda: answers(settings.console_port), 60)
        yield
    finally:
        child.stop()


def _secrets(provider: Provider) -> str:
    fields = {
        "redirect_uri": provider.redirect_uri,
        "cookie_secret": "a secret of this test alone, long enough",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "server_metadata_url": provider.metadata_url,
    }
    return "[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in fields.items())
