"""How two versions of the same bars differ, and when the newer one is doubted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain.bars import Bars, instant
from axia_core.domain.differences import difference, doubt
from axia_core.domain.timeframes import Timeframe
from tests.bar_examples import FRIDAY, bars_of_day, session_bars, without

M5 = Timeframe.M5


def moved(bars: Bars, rows: slice, by: float) -> Bars:
    """*bars* whose closes lie *by* higher in some rows."""
    close = bars.close.copy()
    close[rows] += by
    return replace(bars, close=close)


def test_counts_and_largest_deviation() -> None:
    """Rows added, removed and changed are counted, and the largest deviation is told in pips with its time."""
    older = without(session_bars(), [0])
    newer = without(moved(moved(session_bars(), slice(5, 6), 0.03), slice(7, 8), 0.012), [23])

    found = difference(older, newer)

    assert (found.added, found.removed, found.changed) == (1, 1, 2)
    assert found.largest_pips == 3.0
    assert found.largest_at == instant(int(session_bars().time_us[5]))
    assert str(found) == ("1 rows added, 1 removed, 2 changed, largest deviation 3 pips at 2026-07-03T02:00Z")


def test_other_volumes_are_changes() -> None:
    """A row whose prices agree and whose volume does not has changed, and deviates by nothing."""
    bars = session_bars()

    found = difference(bars, replace(bars, volume=bars.volume + 1))

    assert (found.changed, found.largest_pips, found.largest_at) == (24, 0.0, None)


@given(bars_of_day(FRIDAY, M5))
def test_same_bars_do_not_differ(bars: Bars) -> None:
    """Bars differ in nothing from themselves."""
    assert not difference(bars, bars)


@given(st.data())
def test_difference_mirrors(data: st.DataObject) -> None:
    """What is added one way is removed the other way; changes and deviations are the same both ways."""
    symbol = session_bars().symbol
    pair = [replace(data.draw(bars_of_day(FRIDAY, M5)), symbol=symbol) for _ in range(2)]

    there, back = difference(*pair), difference(*reversed(pair))

    assert (there.added, there.removed, there.changed) == (back.removed, back.added, back.changed)
    assert (there.largest_pips, there.largest_at) == (back.largest_pips, back.largest_at)


@pytest.mark.parametrize(
    ("newer", "said"),
    [
        (session_bars(M5), ""),
        (without(session_bars(M5), list(range(28))), ""),
        (without(session_bars(M5), list(range(30))), "it has 258 bars and the stored one 288"),
        (moved(session_bars(M5), slice(None), 0.09), ""),
        (moved(session_bars(M5), slice(None), 0.3), "typically lie 30 pips away"),
        (moved(session_bars(M5), slice(0, 100), 3.0), ""),
    ],
    ids=["same", "few lost", "many lost", "near", "far", "spikes"],
)
def test_doubt(newer: Bars, said: str) -> None:
    """Many lost bars or typical prices far away are reasons to doubt; a few lost ones and single spikes are none."""
    older = session_bars(M5)

    reason = doubt(older, newer, difference(older, newer), limit_pips=10.0)

    assert (said in reason) if said else not reason
