"""A restored table against its source: what differs, and what has only moved on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain.drill_items import compare, newest_heartbeat

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
RESTORED_TO = NOW - timedelta(minutes=5)
BEFORE, AFTER = RESTORED_TO - timedelta(minutes=1), RESTORED_TO + timedelta(minutes=1)

Item = dict[str, Any]


def item(number: int, at: datetime = BEFORE, **more: Any) -> Item:
    return {"pk": f"ORDER#{number}", "sk": "METADATA", "updated_at": at.isoformat(), "price": number, **more}


TABLE = [item(number) for number in range(5)]


def test_equal_tables() -> None:
    """Nothing differs, and every item was looked at."""
    found = compare(TABLE, TABLE, RESTORED_TO, NOW)

    assert (found.compared, found.differences, found.moved_on) == (5, (), 0)


@given(data=st.data())
def test_any_one_tampered_item_is_found(data: st.DataObject) -> None:
    """Changed, lost or added: exactly that item is a difference, whichever it is."""
    victim = data.draw(st.integers(0, 4))
    harm = data.draw(st.sampled_from(["changed", "lost", "added"]))
    copy = [dict(one) for one in TABLE]
    if harm == "changed":
        copy[victim]["price"] = 999
    elif harm == "lost":
        del copy[victim]
    else:
        copy.append(item(7))

    found = compare(TABLE, copy, RESTORED_TO, NOW)

    assert [one.item for one in found.differences] == [f"ORDER#{7 if harm == 'added' else victim}/METADATA"]


def test_what_was_written_since_has_moved_on() -> None:
    """An item whose own time lies after the restored moment is new, or newer, and no difference."""
    source = [*TABLE[1:], item(0, AFTER, price=8), item(9, AFTER)]

    found = compare(source, TABLE, RESTORED_TO, NOW)

    assert (found.differences, found.moved_on) == ((), 2)


def test_what_was_written_before_and_is_missing_is_a_loss() -> None:
    """Without such an excuse a missing item is a difference, and so is one that carries no time at all."""
    source = [*TABLE, {"pk": "X", "sk": "Y"}, item(9, BEFORE)]

    found = compare(source, TABLE, RESTORED_TO, NOW)

    assert {(one.item, one.what) for one in found.differences} == {
        ("X/Y", "missing in the copy"),
        ("ORDER#9/METADATA", "missing in the copy"),
    }


@pytest.mark.parametrize(
    "undated",
    [
        {"pk": "EQUITY#PEAK", "sk": "ACCOUNT#1", "equity": 2},
        {"pk": "GLOBALCONFIG", "sk": "LEASE#DESK", "until": "1970-01-01T00:00:00+00:00"},
        {"pk": "EQUITY#2026-07-01", "sk": "ACCOUNT#1", "equity": 2},
        {"pk": "MARK#ENTRY", "sk": f"{AFTER.isoformat()}#9#2"},
        {"pk": "MAGIC#7", "sk": "METADATA", "order_id": "9"},
    ],
    ids=lambda one: str(one["pk"]),
)
def test_items_without_a_time_of_their_own(undated: Item) -> None:
    """They are dated by their key, their day or the order that they name; the lease and the peak move unseen."""
    source = [*TABLE, item(9, AFTER), undated]

    assert compare(source, TABLE, RESTORED_TO, NOW).differences == ()


def test_expired_item_may_be_gone_from_the_source() -> None:
    """What only the copy has is excused once its time to live is over, and not before."""
    over, alive = (int((NOW + timedelta(minutes=by)).timestamp()) for by in (-1, 1))

    found = compare([], [item(1, ttl=over), item(2, ttl=alive)], RESTORED_TO, NOW)

    assert [one.item for one in found.differences] == ["ORDER#2/METADATA"]
    assert found.expired == 1


def test_order_that_was_shown_meanwhile_is_the_same() -> None:
    """Showing a final order to people takes its mark away without a new time."""
    assert compare([item(1)], [item(1, open="UNREPORTED")], RESTORED_TO, NOW).differences == ()
    assert len(compare([item(1, open="OPEN")], [item(1)], RESTORED_TO, NOW).differences) == 1


def test_newest_heartbeat() -> None:
    """The newest time of its own writing that an item carries, whoever wrote it; the future is none."""
    beats = [
        {"pk": "GLOBALCONFIG", "sk": "SNAPSHOT#BOOK", "at": BEFORE.isoformat()},
        item(1, RESTORED_TO),
        {"pk": "GLOBALCONFIG", "sk": "LEASE#DESK", "until": (NOW + timedelta(hours=1)).isoformat()},
        item(2, NOW + timedelta(hours=1)),
        {"pk": "X", "sk": "Y", "at": "not a time"},
    ]

    found = newest_heartbeat(beats, NOW)

    assert found is not None
    assert (found.at, found.item) == (RESTORED_TO, "ORDER#1/METADATA")
    assert newest_heartbeat([], NOW) is None
