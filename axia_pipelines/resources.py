"""Resources: the only place where ports meet their adapters.

House rule: compose, never decide. Building a resource opens nothing and imports no vendor library; an adapter is made
when an asset, op or sensor first asks for it. Settings come in from `definitions`, and nothing here reads the
environment. Tests hand in other resources through `build_definitions`.
https://docs.dagster.io/guides/build/external-resources
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import dagster as dg

from axia_core.adapters.by_policy import MarketSources
from axia_core.adapters.clock import SystemClock
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain import names
from axia_core.market_sources import market_sources
from axia_core.people import events_of
from axia_core.ports import (
    BarCache,
    BarStore,
    Broker,
    Clock,
    DeadLetterQueue,
    Events,
    Metrics,
    OrderLedger,
    OrderQueue,
    StatementStore,
)
from axia_core.reconciliation import Reconciliation
from axia_core.services.take_metrics import MetricRounds
from axia_core.settings import Settings
from axia_core.telemetry import gauges_of, metrics_of, ship_logs

if TYPE_CHECKING:
    from axia_core.domain.verification import Verification
    from axia_core.ports.verification import Heartbeats, Verifications
    from axia_core.recovery.stage import Stage


def _told(settings: Settings, stream: str) -> Events:
    """Events of a process whose log lines go to *stream*, where they are sent away at all."""
    ship_logs(settings, stream)
    return events_of(settings)


def market_data(settings: Settings) -> dg.ResourceDefinition:
    """The sources of bars, by the policy of the settings: MT5 and, where it does not answer, yfinance.

    One terminal process serves all steps of a run, started by the first that reads. It is not the desk's terminal:
    reading history must not keep that one from orders.
    """

    def sources(_: dg.InitResourceContext) -> Iterator[MarketSources]:
        with market_sources(settings) as opened:
            yield opened

    return dg.ResourceDefinition(sources, description=market_data.__doc__)


class _OfTheCollector:
    """What the resources of the collector's runs share: what time it is, and whom to tell."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def clock(self) -> Clock:
        return SystemClock(self.settings.clock_shift)

    @cached_property
    def events(self) -> Events:
        return _told(self.settings, names.DATA_COLLECTOR)


class BarsResource(_OfTheCollector):
    """Where bars are kept, and what time it is."""

    @cached_property
    def store(self) -> BarStore:
        from axia_core.adapters import s3

        return s3.connect(self.settings)

    @cached_property
    def cache(self) -> BarCache:
        from axia_core.adapters import redis

        return redis.connect(self.settings, self.clock)


@dataclass(frozen=True)
class OrderPorts:
    """What a desk and its sensor look at, the broker excepted."""

    queue: OrderQueue
    ledger: OrderLedger
    events: Events
    clock: Clock
    lease_s: float
    account: str
    letters: DeadLetterQueue | None = None  # None where an alarm tells of them


class DeskResource:
    """The desk and its parts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def ports(self) -> OrderPorts:
        from axia_core.adapters import dynamodb, sqs

        return OrderPorts(
            queue=sqs.connect(self._settings),
            ledger=dynamodb.connect(self._settings),
            events=_told(self._settings, names.ORDER_PROCESSOR),
            clock=SystemClock(self._settings.clock_shift),
            lease_s=self._settings.lease_s,
            account=self._settings.account,
            letters=sqs.connect_dead_letters(self._settings) if self._settings.dead_letters_told else None,
        )

    @contextmanager
    def open(self, owner: str, events: Events) -> Iterator[Desk]:
        """A desk whose MT5 terminal lives as long as the block; *owner* names it in the lease."""
        from axia_core.adapters.dynamodb import snapshots

        ports = self.ports
        with self._broker(ports.clock) as broker:
            yield Desk(
                queue=ports.queue,
                ledger=ports.ledger,
                broker=broker,
                events=events,
                clock=ports.clock,
                rules=DeskRules.of(self._settings),
                owner=owner,
                snapshots=snapshots.connect(self._settings),
                metrics=metrics_of(self._settings),
            )

    @contextmanager
    def reconciliation(self, owner: str, events: Events) -> Iterator[Reconciliation]:
        """What reconciles in a desk's place, while none is open."""
        ports = self.ports
        with self._broker(ports.clock) as broker:
            yield Reconciliation(
                ledger=ports.ledger,
                broker=broker,
                events=events,
                clock=ports.clock,
                rules=DeskRules.of(self._settings),
                owner=owner,
            )

    @contextmanager
    def _broker(self, clock: Clock) -> Iterator[Broker]:
        from axia_core.adapters.mt5 import desk_terminal
        from axia_core.adapters.secrets import with_credentials

        with desk_terminal.connect(with_credentials(self._settings), clock) as broker:
            yield broker


class MetricsResource:
    """What takes the readings of every minute, and where they go."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def place(self) -> Metrics:
        return metrics_of(self.settings)

    @cached_property
    def rounds(self) -> MetricRounds:
        from axia_core.adapters.dynamodb import DynamoOrderLedger, snapshots
        from axia_core.aws import client

        # A tick ends after a minute, whatever hangs: three tries of three seconds each, for each of three services.
        table = client(self.settings, "dynamodb", read_timeout_s=3.0)
        return MetricRounds(
            ledger=DynamoOrderLedger(table, self.settings.table),
            snapshots=snapshots.connect(self.settings),
            gauges=gauges_of(self.settings),
            clock=SystemClock(self.settings.clock_shift),
            universe=self.settings.universe,
        )


@dataclass(frozen=True)
class StatementPorts:
    """What a statement is made from and kept in, the broker excepted."""

    ledger: OrderLedger
    store: StatementStore
    events: Events
    clock: Clock


class StatementResource:
    """The parts of a statement; its terminal is not the desk's, which goes on trading."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def ports(self) -> StatementPorts:
        from axia_core.adapters import dynamodb
        from axia_core.adapters.s3 import statements

        return StatementPorts(
            ledger=dynamodb.connect(self.settings),
            store=statements.connect(self.settings),
            events=_told(self.settings, names.DATA_COLLECTOR),
            clock=SystemClock(self.settings.clock_shift),
        )

    @contextmanager
    def broker(self) -> Iterator[Broker]:
        """A broker beside the desk's, as long as the block."""
        from axia_core.adapters.mt5 import beside
        from axia_core.adapters.secrets import with_credentials

        with beside.connect(with_credentials(self.settings), self.ports.clock) as broker:
            yield broker


class VerificationResource(_OfTheCollector):
    """The recovery checks under their own role; heartbeats and findings are written by the host's."""

    @cached_property
    def heartbeats(self) -> Sequence[Heartbeats]:
        from axia_core.recovery.checks import written_heartbeats

        return written_heartbeats(self.settings)

    @cached_property
    def kept(self) -> Verifications:
        from axia_core.recovery.checks import kept_verifications

        return kept_verifications(self.settings)

    def verify(self) -> Verification:
        """Every check, once; the role is taken on anew each time."""
        from axia_core.recovery.checks import recovery_checks
        from infra.drift import DeployedTemplates

        return recovery_checks(self.settings, DeployedTemplates).run()


class DrillResource(_OfTheCollector):
    """The stage of recovery drills under the checks' role; their reports are kept and told by the host's own."""

    @property
    def stage(self) -> Stage:
        """A new one each time: the rights of the role end after an hour."""
        from axia_core.recovery.stage import Stage
        from infra.host_rehearsal import HostRehearsal

        host = HostRehearsal(self.settings.aws_region, self.settings.aws_endpoint_url)
        return Stage(self.settings, self.settings.verifier_role, host)
