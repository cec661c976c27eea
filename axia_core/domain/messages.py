"""What the order queue hands over, and the lease under which one desk at a time may act. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One received SQS message.

    A redriven message carries its original id and sent time, and those are what `message_id` and `sent_at` say:
    both decide identity and age.
    """

    message_id: str
    body: str
    sent_at: datetime
    receive_count: int
    sender: str
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """Approximate numbers, as SQS gives them."""

    waiting: int
    in_flight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to act as the desk until `expires_at`; `fence` grows with every new holder."""

    owner: str
    fence: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """Since when this incarnation of the ledger runs without having been rewound or restored.

    An order known before `since` may have been executed without a trace here, so the broker is asked first.
    """

    boot_id: str
    since: datetime
    restored_to: datetime | None = None  # what happened after it may be missing, however long ago that was
