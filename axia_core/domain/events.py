"""What people are told of: the kinds of events, how bad one is, and the command to run first. No calls."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Severity(StrEnum):
    """How bad an event is; RECOVERED ends what a WARNING or a CRITICAL one began."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    RECOVERED = "recovered"


class EventType(StrEnum):
    """Every kind of event; docs/operations.md says of each who tells it and what to do."""

    # The trading side
    ORDER_STATE = "order_state"
    ORDER_FAULT = "order_fault"
    ORDER_UNREADABLE = "order_unreadable"
    ORDER_CONFLICT = "order_conflict"
    DEAD_LETTER = "dead_letter"
    LEDGER_ITEM = "ledger_item"
    KILL_SWITCH = "kill_switch"
    POSITION_CLOSED = "position_closed"
    STRAY_POSITION = "stray_position"
    SURVEY_FAULT = "survey_fault"
    STATEMENT = "statement"

    # Market data
    SOURCE_DEGRADED = "source_degraded"
    CORRECTION_DOUBTED = "correction_doubted"
    HOLIDAY_TRADED = "holiday_traded"

    # What Dagster ran
    RUN_FAILURE = "run_failure"
    BACKFILL = "backfill"
    ASSET_CHECK = "asset_check"

    # Disaster recovery: checks, drills, restores
    RECOVERY = "recovery"


_REMEDIES = {
    EventType.ORDER_STATE: "axia order show {order_id}",
    EventType.ORDER_FAULT: "axia order list --open",
    EventType.ORDER_UNREADABLE: "axia dlq list",
    EventType.ORDER_CONFLICT: "axia dlq list",
    EventType.DEAD_LETTER: "axia dlq list",
    EventType.LEDGER_ITEM: "axia order list --open",
    EventType.KILL_SWITCH: "axia kill-switch status",
    EventType.POSITION_CLOSED: "axia order show {order_id}",
    EventType.STRAY_POSITION: "axia order reconcile",
    EventType.SURVEY_FAULT: "axia order reconcile",
    EventType.STATEMENT: "axia order statement --date {day}",
    EventType.SOURCE_DEGRADED: "axia ohlcv coverage",
    EventType.CORRECTION_DOUBTED: "axia ohlcv coverage",
    EventType.HOLIDAY_TRADED: "axia ohlcv coverage",
    EventType.ASSET_CHECK: "axia ohlcv coverage",
}


def remedy_of(event_type: str, details: Mapping[str, str]) -> str:
    """The command to run first: the event's own `remedy`, else its kind's; empty where that needs what is not told."""
    if told := details.get("remedy"):
        return told
    kind = next((kind for kind in EventType if kind == event_type), None)
    command = _REMEDIES.get(kind, "") if kind else ""
    try:
        return command.format(**details)
    except KeyError:
        return ""
