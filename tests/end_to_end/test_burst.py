"""A burst through the local AWS server and a paper terminal: all of it done, an exit first, nothing kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from axia_core.adapters import dynamodb, sqs
from axia_core.adapters.clock import SystemClock
from axia_core.adapters.mt5 import beside
from axia_core.adapters.paper.profile import TerminalProfile, create_terminal
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain.order_states import OrderRecord, State
from axia_core.ports import Events
from axia_core.settings import Settings
from tests.conftest import LocalAws
from tests.services.test_burst import objects_held_by

BURST = 150  # more is in tests/services/test_burst.py
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
ENTRY = {"symbol": "USDJPY", "order_action": "BUY", "order_type": "MARKET", "lot_size": 0.01}
CLOSE = {"symbol": "USDJPY", "order_action": "CLOSE", "mt5_ticket": 1}  # there is none: the broker says so


class Silent(Events):
    """Tells nobody, and so keeps nothing."""

    def publish(self, event_type: str, severity: str, component: str, text: str, **details: str) -> None:
        pass


@pytest.fixture
def settings(aws: LocalAws, tmp_path: Path) -> Settings:
    """Limits that no order of the burst meets, and a clock in an open session."""
    shift_s = (NOW - datetime.now(UTC)).total_seconds()
    profile = {"account": {"balance": 1e12, "margin_mode": "netting"}, "clock": {"shift_s": shift_s}}
    create_terminal(tmp_path / "paper", TerminalProfile.model_validate(profile))
    return Settings(
        aws_endpoint_url=aws.endpoint_url,
        mt5_path=tmp_path / "paper",
        clock_shift_s=shift_s,
        orders_per_minute=1_000_000,
        max_open_positions=1_000_000,
        max_net_lots=Decimal(1_000_000),
        max_spread_points=100_000,
        max_daily_loss_percent=Decimal(100),
        order_max_age_s=3_600,
        duplicate_window_s=0.0,
    )


@contextmanager
def open_desk(settings: Settings) -> Iterator[Desk]:
    clock = SystemClock(settings.clock_shift)
    with beside.connect(settings, clock) as broker:
        queue, ledger = sqs.connect(settings), dynamodb.connect(settings)
        ledger.initialise_kill_switch(active=False, who="test", now=clock.now())
        yield Desk(queue, ledger, broker, Silent(), clock, DeskRules.of(settings), owner="desk")


def test_burst_ends_whole(aws: LocalAws, settings: Settings) -> None:
    """Every order ends once, an exit in the middle is far ahead of its turn, and nothing is kept of what is shown."""
    send(aws, settings, [ENTRY] * 20)
    with open_desk(settings) as desk:
        running = desk.run(lambda: False)
        list(islice(running, 20))
        few = objects_held_by(desk)
        send(aws, settings, [ENTRY] * (BURST // 2) + [CLOSE] + [ENTRY] * (BURST // 2 - 1))

        states, burst = Counter[State](), set[str]()
        for one in islice(running, BURST):
            states[one.state] += 1
            burst.add(one.order.order_id)

        more, depth = objects_held_by(desk) - few, desk.queue.depth()
        place = place_of_the_exit(records_of(desk, burst))
        running.close()  # type: ignore[attr-defined]
    assert states == {State.FILLED: BURST - 1, State.REFUSED: 1}
    assert (depth.waiting, depth.in_flight) == (0, 0)
    assert place < BURST / 4
    assert more < BURST  # what was sent in the last minute


def send(aws: LocalAws, settings: Settings, bodies: list[dict[str, Any]]) -> None:
    """Publishes ten at a time, as fast as it goes."""
    queue = aws.client("sqs")
    url = queue.get_queue_url(QueueName=settings.order_queue)["QueueUrl"]
    for start in range(0, len(bodies), 10):
        entries = [{"Id": str(n), "MessageBody": json.dumps(one)} for n, one in enumerate(bodies[start : start + 10])]
        queue.send_message_batch(QueueUrl=url, Entries=entries)


def records_of(desk: Desk, order_ids: set[str]) -> list[OrderRecord]:
    """These alone: other tests have left orders in the table, some of them of the same minutes."""
    return [one for one in desk.ledger.recent_orders(10_000) if one.order.order_id in order_ids]


def place_of_the_exit(records: list[OrderRecord]) -> int:
    """How many of the burst had ended before the exit did."""
    exit_ended = next(one.updated_at for one in records if not one.order.action.is_entry)
    return sum(one.updated_at < exit_ended for one in records)
