"""How far a snapshot is trusted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from axia_console.freshness import Link, quote_is_fresh, standing
from axia_core.domain.orders import Action
from axia_core.domain.snapshot import Snapshot
from axia_core.errors import StoreUnavailable
from tests.snapshot_examples import NOW, quote, snapshot

LIMIT = timedelta(seconds=8)


@pytest.mark.parametrize(
    ("age_s", "link"), [(0, Link.FRESH), (8, Link.FRESH), (9, Link.STALE), (-9, Link.STALE)], ids=str
)
def test_age_decides(age_s: int, link: Link) -> None:
    """Fresh up to the limit, stale beyond it, and stale as well when it comes from the future."""
    found = standing(snapshot, NOW + timedelta(seconds=age_s), LIMIT)

    assert (found.link, found.may_send, found.age_s) == (link, link is Link.FRESH, age_s)


@pytest.mark.parametrize("action", list(Action))
def test_exits_outlive_freshness(action: Action) -> None:
    """While what is shown is old it can be closed and cancelled, and nothing else; with nothing shown nothing can."""
    is_exit = action in (Action.CLOSE, Action.CANCEL)

    assert standing(snapshot, NOW, LIMIT).lets(action)
    assert standing(snapshot, NOW + timedelta(minutes=5), LIMIT).lets(action) is is_exit
    assert not standing(lambda: None, NOW, LIMIT).lets(action)


def test_no_snapshot() -> None:
    """Before any desk has reported nothing can be sent."""
    assert standing(lambda: None, NOW, LIMIT).may_send is False


def test_broken_connection() -> None:
    """A ledger that does not answer is told apart from a desk that does not report."""

    def read() -> Snapshot | None:
        raise StoreUnavailable("nothing answers")

    found = standing(read, NOW, LIMIT)

    assert (found.link, found.may_send, found.fault) == (Link.BROKEN, False, "nothing answers")


def test_old_tick() -> None:
    """A tick of half a minute ago is still good, an older one is not: as for the desk."""
    assert quote_is_fresh(quote("USDJPY"), NOW + timedelta(seconds=30))
    assert not quote_is_fresh(quote("USDJPY"), NOW + timedelta(seconds=31))
