"""The outside world in a few pages: what services need from it, without a vendor's name.

Every port has a real adapter and an in-memory one (`adapters/memory`), and one contract suite runs over all. What
recovery alone needs is imported from `ports.recovery` and `ports.verification`.

Methods raise only errors of `axia_core.errors`; a TransientError always means that nothing was changed.
"""

from __future__ import annotations

from axia_core.ports.broker import Broker, DryRun
from axia_core.ports.market import (
    ArchivedBars,
    BarCache,
    BarStore,
    HistoryFile,
    MarketData,
    Partition,
    RefusedBars,
    Revision,
)
from axia_core.ports.orders import (
    Attempts,
    DeadLetterQueue,
    Mark,
    OrderLedger,
    OrderQueue,
    Recorded,
    Snapshots,
    StatementStore,
)
from axia_core.ports.watching import Clock, Events, Gauges, Metrics

__all__ = [
    "ArchivedBars",
    "Attempts",
    "BarCache",
    "BarStore",
    "Broker",
    "Clock",
    "DeadLetterQueue",
    "DryRun",
    "Events",
    "Gauges",
    "HistoryFile",
    "Mark",
    "MarketData",
    "Metrics",
    "OrderLedger",
    "OrderQueue",
    "Partition",
    "Recorded",
    "RefusedBars",
    "Revision",
    "Snapshots",
    "StatementStore",
]
