"""A small stack for drills where none runs: AWS server and Redis in an empty folder, bars, and a desk that has traded.

It has everything that a drill restores, Osaka's copy included, and is gone with its folder after the block. The
Dagster side of a stack is left out: a drill does not need it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from axia_cli.stack import bootstrap, environment
from axia_cli.stack.parts import Part, Parts
from axia_cli.stack.ports import free_ports
from axia_cli.stack.processes import Child
from axia_core.domain.sessions import is_open, last_closed_trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.settings import PAPER_MODULE, Settings

Say = Callable[[str], None]

WHO = "axia drill"
PAIRS = ("EURUSD", "USDJPY")
DAYS = 2
ORDERS = 2
ROOM = timedelta(minutes=30)


@contextmanager
def rehearsal(settings: Settings, say: Say) -> Iterator[Settings]:
    """The settings of a stack that is up, filled, and ended after the block."""
    with tempfile.TemporaryDirectory(prefix="axia-drill-", ignore_cleanup_errors=True) as folder, ExitStack() as ending:
        own = _own(settings, Path(folder))
        parts = Parts(own)
        for part in (parts.emulator(), parts.redis()):
            ending.callback(_started(part).stop)
        _deploy(own, say)
        _fill(own, say)
        yield own


def _own(settings: Settings, home: Path) -> Settings:
    """Ports, home and broker of its own; a clock inside a session, because a closed market fills nothing."""
    aws, redis = free_ports(2)
    changes = {
        "home": home,
        "aws_port": aws,
        "redis_port": redis,
        "mt5_module": PAPER_MODULE,
        "mt5_path": None,
        "mt5_credentials": "settings",
        "account": "demo",
        "live_confirmed": False,
        "has_copy": True,
        "topic": "",
        "clock_shift_s": _shift().total_seconds(),
    }
    return environment.local(settings.model_copy(update=changes))


def _shift() -> timedelta:
    now, days = datetime.now(UTC), 0
    while not (is_open(now - timedelta(days=days)) and is_open(now + ROOM - timedelta(days=days))):
        days += 1
    return -timedelta(days=days)


def _started(part: Part) -> Child:
    child = Child.start(part.command)
    child.wait_until(part.ready, part.timeout_s)
    return child


def _deploy(own: Settings, say: Say) -> None:
    from infra import stacks

    say("deploying Osaka's copy and the core")
    target = stacks.local_target(own.aws_region, str(own.aws_endpoint_url), stacks.names_in(own))
    for name in ("osaka", "core"):
        stacks.deploy_stack(target, target.environment.plan(name))
    bootstrap.open_ledger(own)
    bootstrap.open_terminal(own, None)


def _fill(own: Settings, say: Say) -> None:
    """Days of bars, orders that a desk has traded, and the heartbeats that the hourly verification writes."""
    from axia_core.adapters.clock import SystemClock
    from axia_core.recovery.checks import written_heartbeats
    from axia_core.services.beat import beat

    say(f"collecting {DAYS} days of {' and '.join(PAIRS)}, and trading {ORDERS} orders")
    _collect(own)
    _trade(own)
    beat(written_heartbeats(own), SystemClock(own.clock_shift))


def _collect(own: Settings) -> None:
    from axia_core.adapters import s3
    from axia_core.adapters.clock import SystemClock
    from axia_core.market_sources import market_sources
    from axia_core.services.collect import collect_days

    clock, store = SystemClock(own.clock_shift), s3.connect(own)
    days = last_closed_trading_days(clock.now(), DAYS)
    with market_sources(own) as sources:
        for name in PAIRS:
            for timeframe in Timeframe:
                first, *others = sources.of(Symbol(name), timeframe)
                for _ in collect_days(first, store, clock, Symbol(name), timeframe, days, fallbacks=others):
                    pass


def _trade(own: Settings) -> None:
    from axia_core.adapters import dynamodb, sqs
    from axia_core.adapters.clock import SystemClock
    from axia_core.adapters.mt5 import beside
    from axia_core.drills.desk import ScratchDesk

    clock = SystemClock(own.clock_shift)
    with beside.connect(own, clock) as broker:
        desk = ScratchDesk(
            settings=own, queue=sqs.connect(own), ledger=dynamodb.connect(own), broker=broker, clock=clock, owner=WHO
        )
        for number in range(ORDERS):
            desk.smoke(f"rehearsed-{number}", PAIRS[number])
