"""Domain values as plain documents for `--json` and as tables for people. No calls, no decisions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.table import Table

from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.order_states import OrderEvent, OrderRecord
from axia_core.domain.orders import Order

Document = dict[str, Any]


def order_document(record: OrderRecord) -> Document:
    """An order with all that the ledger knows of it."""
    order, execution = record.order, record.execution
    return {
        "order_id": order.order_id,
        "state": record.state,
        **order_fields(order),
        "ticket": execution.ticket,
        "deal": execution.deal,
        "price": execution.price,
        "filled_lots": execution.lots,
        "retcode": execution.retcode,
        "reason": record.reason,
        "attempts": record.attempts,
        "version": record.version,
        "sender": record.sender,
        "message_id": record.message_id,
        "created_at": order.created_at,
        "sent_at": record.sent_at,
        "received_at": record.received_at,
        "updated_at": record.updated_at,
    }


def order_fields(order: Order) -> Document:
    """What an order asks for, by the names of the message format."""
    return {
        "order_id": order.order_id,
        "symbol": order.symbol,
        "order_action": order.action,
        "order_type": order.kind,
        "lot_size": order.lots,
        "entry_price": order.entry_price,
        "sl_price": order.stop_loss,
        "tp_price": order.take_profit,
        "comment": order.comment,
        "mt5_ticket": order.mt5_ticket,
        "target_order_id": order.target_order_id,
    }


def event_document(event: OrderEvent) -> Document:
    """One line of a timeline."""
    return {"version": event.version, "at": event.at, "state": event.state, "text": event.text}


def switch_document(switch: KillSwitch) -> Document:
    """The kill switch."""
    return {
        "active": switch.active,
        "mode": switch.mode if switch.active else None,
        "version": switch.version,
        "reason": switch.reason,
        "who": switch.who,
        "at": switch.at,
    }


def orders_table(records: Iterable[OrderRecord]) -> Table:
    """Orders, one a row."""
    table = Table("updated (UTC)", "order", "what", "state", "ticket", "price", "why")
    for record in records:
        order, execution = record.order, record.execution
        what = f"{order.action} {order.kind} {order.symbol} {order.lots or ''}".strip()
        row = (f"{record.updated_at:%m-%d %H:%M:%S}", order.order_id, what, record.state, execution.ticket)
        table.add_row(*(str(cell or "") for cell in (*row, execution.price, record.reason)))
    return table


def timeline_table(events: Iterable[OrderEvent]) -> Table:
    """An order's timeline."""
    table = Table("at (UTC)", "state", "why")
    for event in events:
        table.add_row(f"{event.at:%Y-%m-%d %H:%M:%S.%f}"[:-3], event.state, event.text)
    return table


def switch_sentence(switch: KillSwitch) -> str:
    """The switch in one sentence."""
    if not switch.active:
        return f"The kill switch is OFF: trading is allowed (version {switch.version}, {switch.reason})."
    by = f" by {switch.who}" if switch.who else ""
    at = f" at {switch.at:%Y-%m-%d %H:%M:%S} UTC" if switch.at else ""
    return f"The kill switch is ON, {switch.mode}{by}{at}: {switch.reason or 'no reason given'}."
