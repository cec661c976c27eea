"""Heartbeats of recovery: a mark of the time in each store, by which a copy of the store tells how old it is. Pure.

What carries the mark is written before it, so where the mark has arrived, that has too. Who writes it is
`services.beat`; what its age means is `verification_rules`'.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from axia_core.errors import CorruptObject

OBJECT_KEY = "_dr/heartbeat.json"
ITEM_PK, ITEM_SK = "HEARTBEAT", "METADATA"


@dataclass(frozen=True, slots=True)
class Beat:
    """When the mark was written, and when the one before it was: so it is known which ones are still missing."""

    at: datetime
    previous: datetime | None = None


def to_text(beat: Beat) -> str:
    """The mark as JSON."""
    previous = beat.previous.isoformat() if beat.previous else None
    return json.dumps({"at": beat.at.isoformat(), "previous": previous})


def from_text(text: str) -> Beat:
    """The inverse of `to_text`; raises CorruptObject."""
    try:
        document = json.loads(text)
        previous = document["previous"]
        return Beat(_instant(document["at"]), _instant(previous) if previous else None)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptObject(f"the heartbeat {text[:80]!r} cannot be read: {error!r}") from error


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found
