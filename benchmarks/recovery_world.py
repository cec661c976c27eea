"""A local AWS server with two regions in which a recovery finds everything: what `drill_faults` breaks and heals.

The server is a process of its own with the stacks osaka, core and copy, some trading days, some orders, and a week of
snapshots. How a snapshot gets to be days old is the one thing no API does: its date is written into the server's state.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from axia_cli.stack import emulator_client
from axia_cli.stack.ports import free_ports
from axia_cli.stack.processes import Child, Command
from axia_core.adapters.clock import SystemClock
from axia_core.adapters.memory import MemoryEvents
from axia_core.adapters.s3 import S3BarStore
from axia_core.domain import names
from axia_core.domain.bars import Bars, PartitionTruth, microseconds
from axia_core.domain.sampling import COLLECTING
from axia_core.domain.sessions import last_due_trading_day, session, trading_days, trading_days_before
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.domain.verification import Verification
from axia_core.recovery.checks import RecoveryChecks, kept_verifications, recovery_checks, written_heartbeats
from axia_core.services.beat import beat
from axia_core.services.tell_findings import tell_findings
from axia_core.settings import Settings
from infra import stacks
from infra.clients import clients
from infra.drift import DeployedTemplates

HOME, OSAKA = "ap-northeast-1", "ap-northeast-3"
STACKS = ("osaka", "core", "copy")
SYMBOL = Symbol("USDJPY")
TIMEFRAMES = (Timeframe.H1, Timeframe.D1)
DAYS = 3
ORDERS = 5
LONG_AGO = date(2020, 1, 1)
SNAPSHOTS = 9
STARTED_WITHIN_S, COPIED_WITHIN_S = 30.0, 30.0


@dataclass
class RecoveryWorld:
    """The server, and one verification after the other of it."""

    url: str
    settings: Settings
    checks: RecoveryChecks
    events: MemoryEvents
    days: tuple[date, ...]

    def client(self, service: str, region: str = HOME) -> Any:
        """A client with every right."""
        return clients(region, self.url)(service)

    def verify(self) -> Verification:
        """Every check, and people told of what turned."""
        found = self.checks.run()
        tell_findings(found, kept_verifications(self.settings), self.events)
        return found

    def beat(self) -> None:
        """A heartbeat in both stores."""
        beat(written_heartbeats(self.settings), SystemClock())

    def key(self, day: date | None = None) -> str:
        """The hourly partition of a day, by default of the newest that is due."""
        return names.object_key(SYMBOL, Timeframe.H1, day or _newest())


@contextmanager
def recovery_world(folder: Path) -> Iterator[RecoveryWorld]:
    """A healthy world, for as long as the block."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    server = _start(folder, port)
    try:
        _deploy(url)
        _make_snapshots(url)
        server.stop()
        _age_snapshots(folder / "aws" / "state" / "ec2.json")
        server = _start(folder, port)
        world = _world(url)
        _fill(world)
        yield world
    finally:
        server.stop()


def _start(folder: Path, port: int) -> Child:
    state = folder / "aws"
    argv = (sys.executable, "-m", "axia_cli.stack.emulator", "--port", str(port), "--state-dir", str(state))
    child = Child.start(Command("local AWS server", argv, folder / "aws.log"))
    child.wait_until(lambda: emulator_client.boot(f"http://127.0.0.1:{port}") is not None, STARTED_WITHIN_S)
    return child


def _deploy(url: str) -> None:
    target = stacks.local_target(HOME, url)
    for name in STACKS:
        stacks.deploy_stack(target, target.environment.plan(name))


def _make_snapshots(url: str) -> None:
    ec2 = clients(HOME, url)("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{HOME}a", Size=30)["VolumeId"]
    for _ in range(SNAPSHOTS):
        make_snapshot(ec2, volume)


def make_snapshot(ec2: Any, volume: str) -> None:
    """One daily snapshot, as the lifecycle manager tags it."""
    tags = [{"Key": "snapshots", "Value": "axia-daily"}]
    ec2.create_snapshot(VolumeId=volume, TagSpecifications=[{"ResourceType": "snapshot", "Tags": tags}])


def _age_snapshots(file: Path) -> None:
    """One a day: the first as old as it is, each further one a day older."""
    state = json.loads(file.read_text(encoding="utf-8"))
    for days, snapshot in enumerate(_snapshots_in(state)):
        made = datetime.now(UTC) - timedelta(days=days)
        snapshot["StartTime"] = made.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    file.write_text(json.dumps(state), encoding="utf-8")


def _snapshots_in(state: Any) -> Iterator[dict[str, Any]]:
    if isinstance(state, dict):
        if "StartTime" in state and "SnapshotId" in state:
            yield state
        for value in state.values():
            yield from _snapshots_in(value)
    elif isinstance(state, list):
        for value in state:
            yield from _snapshots_in(value)


def _world(url: str) -> RecoveryWorld:
    # The day after the newest one too: it may fall due while the faults are injected.
    newest = _newest()
    days = (
        *trading_days_before(newest, DAYS - 1, LONG_AGO),
        newest,
        next(trading_days(newest + timedelta(days=1), newest + timedelta(days=9))),
    )
    settings = Settings(
        aws_endpoint_url=url,
        symbols=(SYMBOL.name,),
        history_start=days[0],
        pairs={SYMBOL.name: {"timeframes": list(TIMEFRAMES)}},
        holidays={},
        has_copy=True,
        has_host=True,
    )
    checks = replace(recovery_checks(settings, DeployedTemplates), patience_s=0.0)
    return RecoveryWorld(url, settings, checks, MemoryEvents(), days)


def _newest() -> date:
    return last_due_trading_day(datetime.now(UTC) - COLLECTING)


def _fill(world: RecoveryWorld) -> None:
    store = S3BarStore(world.client("s3"), names.BUCKET)
    for timeframe in TIMEFRAMES:
        for day in world.days:
            bars = _bars(timeframe, day)
            store.write(bars, _truth(bars, day), new=True)
    for number in range(ORDERS):
        item = {"pk": {"S": f"ORDER#{number}"}, "sk": {"S": "METADATA"}, "state": {"S": "FILLED"}}
        world.client("dynamodb").put_item(TableName=names.TABLE, Item=item)
    world.beat()
    wait_until(lambda: world.client("dynamodb", OSAKA).scan(TableName=names.TABLE)["Count"] > ORDERS, "the order copy")


def _bars(timeframe: Timeframe, day: date) -> Bars:
    opens = np.array([microseconds(at) for at in session(day).bar_opens(timeframe)])
    price = 150.0 + np.arange(len(opens)) * 0.01
    volume = np.arange(len(opens)) + 1
    return Bars.build(
        SYMBOL, timeframe, opens, price, price + 0.02, price - 0.01, price + 0.01, volume, np.full(len(opens), 12)
    )


def _truth(bars: Bars, day: date) -> PartitionTruth:
    return PartitionTruth(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        trading_date=day,
        source="example",
        provisional=False,
        expected=len(bars),
        actual=len(bars),
        gaps=(),
        refused=(),
        digest=bars.digest(),
    )


def wait_until(done: Callable[[], Any], what: str) -> None:
    """Returns once it is done; raises when that takes too long."""
    ends = time.monotonic() + COPIED_WITHIN_S
    while not done():
        if time.monotonic() > ends:
            raise RuntimeError(f"waited {COPIED_WITHIN_S:.0f} s for {what}")
        time.sleep(0.1)
