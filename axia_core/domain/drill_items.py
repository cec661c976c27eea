"""A restored table compared with its source, item by item: what differs, and what has only moved on since. Pure.

The source goes on living while it is restored, so it says more than the copy. An item that differs is excused only
where it carries a time of its own that lies after the restored moment; everything else is a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from axia_core.domain.drill import Difference, Heartbeat

Item = Mapping[str, Any]
Key = tuple[str, str]

OWN_TIMES = ("at", "updated_at")  # of its last writing
ONLY_IN_COPY = "only in the copy"
SHOWN_TO_PEOPLE = "open"  # leaves a final order once it was shown, without a new time
# The highest equity rises, and a lease is given up, without a time of its own.
MOVES_UNSEEN = ("EQUITY#PEAK", "GLOBALCONFIG/LEASE#DESK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every item of the source held against the copy's, and the other way round."""

    compared: int
    differences: tuple[Difference, ...]
    moved_on: int  # differ, and carry a time after the restored moment
    expired: int  # gone from the source because their time to live was over

    @property
    def lost(self) -> tuple[str, ...]:
        """The keys of what only the copy has, and should not have alone."""
        return tuple(one.item for one in self.differences if one.what == ONLY_IN_COPY)


def compare(source: Iterable[Item], copy: Iterable[Item], restored_to: datetime, now: datetime) -> Comparison:
    """What the copy, restored to a moment, says otherwise than its source does; items end by the store's *now*."""
    theirs, ours = _by_key(source), _by_key(copy)
    orders = {pk.removeprefix("ORDER#"): item for (pk, sk), item in theirs.items() if sk == "METADATA"}
    wrong = {key: (theirs.get(key), ours.get(key)) for key in theirs.keys() | ours.keys()}
    wrong = {key: pair for key, pair in wrong.items() if not _same(*pair)}
    expired = {key for key, (there, here) in wrong.items() if there is None and _is_over(here, now)}
    moved = {key for key, (there, _) in wrong.items() if there and _written_after(there, restored_to, orders)}
    left = sorted(wrong.keys() - expired - moved)
    return Comparison(
        compared=len(theirs.keys() | ours.keys()),
        differences=tuple(Difference("/".join(key), _words(*wrong[key])) for key in left),
        moved_on=len(moved),
        expired=len(expired),
    )


def newest_heartbeat(items: Iterable[Item], now: datetime) -> Heartbeat | None:
    """The newest time of its own writing that an item carries; times that are still to come are none."""
    return max(_heartbeats(items, now), key=lambda found: found.at, default=None)


def _heartbeats(items: Iterable[Item], now: datetime) -> Iterator[Heartbeat]:
    for item in items:
        at = max(_times(item, OWN_TIMES), default=None)
        if at is not None and at <= now:
            yield Heartbeat(at, "/".join(_key(item)))


def _by_key(items: Iterable[Item]) -> dict[Key, Item]:
    return {_key(item): item for item in items}


def _key(item: Item) -> Key:
    return str(item["pk"]), str(item["sk"])


def _same(there: Item | None, here: Item | None) -> bool:
    if there is None or here is None:
        return False
    if there == here:
        return True
    # Showing an order takes its mark away and changes nothing else.
    return SHOWN_TO_PEOPLE not in there and there == {k: v for k, v in here.items() if k != SHOWN_TO_PEOPLE}


def _is_over(here: Item | None, now: datetime) -> bool:
    """DynamoDB deletes within days of the end, so one that is over may be gone from either."""
    try:
        return here is not None and int(here["ttl"]) <= now.timestamp()
    except (KeyError, TypeError, ValueError):
        return False


def _written_after(item: Item, moment: datetime, orders: Mapping[str, Item]) -> bool:
    pk, sk = _key(item)
    if f"{pk}/{sk}".startswith(MOVES_UNSEEN):
        return True
    if pk.startswith("EQUITY#"):
        return _day_after(pk.removeprefix("EQUITY#"), moment)
    if pk.startswith("MARK#"):
        return (at := _instant(sk.split("#")[0])) is not None and at > moment
    named = orders.get(str(item.get("order_id", "")), {})  # of ALIKE and MAGIC, which carry no time
    return any(at > moment for at in (*_times(item, OWN_TIMES), *_times(named, OWN_TIMES)))


def _day_after(text: str, moment: datetime) -> bool:
    """Whether a loss day may have been seen first after the moment: it begins on the calendar day before."""
    try:
        return datetime.fromisoformat(text).date() >= moment.date()
    except ValueError:
        return False


def _times(item: Item, names: tuple[str, ...]) -> Iterator[datetime]:
    return (at for name in names if (at := _instant(item.get(name))) is not None)


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _words(there: Item | None, here: Item | None) -> str:
    if here is None:
        return "missing in the copy"
    if there is None:
        return ONLY_IN_COPY
    names = sorted(name for name in there.keys() | here.keys() if there.get(name) != here.get(name))
    return f"other values of {', '.join(names)}"
