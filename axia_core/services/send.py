"""Publish one order request: the client's id is made before the first try, so that a retry cannot order twice."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from axia_core.domain.orders import Order, parse_order
from axia_core.ports import Clock, OrderQueue


def new_order_id() -> str:
    """An id for an order that is about to be sent; make it once and keep it over retries."""
    return f"axia-{uuid.uuid4().hex}"


def completed(message: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The message with an `order_id` and a `created_at` where they are missing."""
    given = {name: value for name, value in message.items() if value is not None}  # null is as good as left out
    complete = {"order_id": new_order_id(), "created_at": now.isoformat(timespec="milliseconds"), **given}
    if "ticket_id" in given and "order_id" not in given:
        complete["order_id"] = given["ticket_id"]
    return complete


def send(message: dict[str, Any], *, queue: OrderQueue, clock: Clock, symbols: tuple[str, ...]) -> tuple[Order, str]:
    """The validated order and the SQS message id under which it was published.

    Fills in `order_id` and `created_at` where they are missing. Raises InvalidOrder before anything is sent, and
    StoreUnavailable.
    """
    body = json.dumps(completed(message, clock.now()), default=float)  # a Decimal here has few digits: exact
    order = parse_order(body, "not-sent-yet", symbols)
    return order, queue.send(body)
