"""Bars: aggregation, screening, gaps, digest, and what the type refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain.bars import Bars, aggregate, check_describes, instant, microseconds, missing_opens, screen
from axia_core.domain.sessions import session
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput
from tests.bar_examples import (
    FRIDAY,
    USDJPY,
    bars_of_day,
    broken,
    many_sessions,
    one_minute_later,
    same,
    session_bars,
    trading_dates,
    truth_of,
    without,
)

LONGER = [Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1]


@given(st.data(), trading_dates)
def test_aggregation_is_associative(data: st.DataObject, day: date) -> None:
    """M5 to D1 gives the same bar as M5 to M15 to H1 to H4 to D1, whatever is missing."""
    bars = small_volumes(data.draw(bars_of_day(day, Timeframe.M5)))

    step_by_step = bars
    for timeframe in LONGER:
        step_by_step = aggregate(step_by_step, timeframe)
        assert same(step_by_step, aggregate(bars, timeframe))


@given(st.data(), trading_dates)
def test_aggregate_holds_its_parts(data: st.DataObject, day: date) -> None:
    """A longer bar opens with its first, closes with its last, spans all prices and sums the volume."""
    bars = small_volumes(data.draw(bars_of_day(day, Timeframe.M5).filter(len)))

    whole = aggregate(bars, Timeframe.D1)

    assert len(whole) == 1
    assert instant(int(whole.time_us[0])) == session(day).open
    assert (whole.open[0], whole.close[0]) == (bars.open[0], bars.close[-1])
    assert (whole.high[0], whole.low[0], whole.volume[0]) == (bars.high.max(), bars.low.min(), bars.volume.sum())


@pytest.mark.parametrize("monday", [date(2026, 3, 9), date(2026, 3, 30), date(2026, 10, 26), date(2026, 11, 2)])
def test_aggregation_cuts_at_the_close(monday: date) -> None:
    """Around every daylight-saving switch the longer bars are exactly those of the sessions."""
    bars = many_sessions(Timeframe.H1, monday - timedelta(days=7), monday + timedelta(days=4))

    for timeframe in (Timeframe.H4, Timeframe.D1):
        built = aggregate(bars, timeframe)
        assert len(built) == 10 * timeframe.bars_per_session
        assert built.time_us[0] == microseconds(session(monday - timedelta(days=7)).open)
        assert len(missing_opens(built, session(monday))) == 0


def test_nothing_aggregates_to_nothing() -> None:
    """No bars make no longer bars."""
    assert len(aggregate(Bars.empty(USDJPY, Timeframe.M5), Timeframe.D1)) == 0


@given(st.data(), trading_dates)
def test_screen_partitions_rows(data: st.DataObject, day: date) -> None:
    """Every row is either kept or refused with a reason, never both, and what is kept is kept unchanged."""
    bars = data.draw(bars_of_day(day, Timeframe.M15, broken_too=True))

    screened = screen(bars)

    refused = {microseconds(bar.at) for bar in screened.refused}
    assert refused | set(screened.bars.time_us.tolist()) == set(bars.time_us.tolist())
    assert len(refused) + len(screened.bars) == len(bars)
    assert all(bar.reason for bar in screened.refused)
    assert same(screened.bars, bars.take(np.isin(bars.time_us, screened.bars.time_us)))
    assert same(screen(screened.bars).bars, screened.bars)


def test_a_point_is_enough() -> None:
    """A high one point below the close is refused and not repaired; its row becomes a gap."""
    screened = screen(broken(session_bars(), [7]))

    assert [bar.reason for bar in screened.refused] == ["high is below open or close"]
    assert missing_opens(screened.bars, session(FRIDAY)) == (screened.refused[0].at,)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("open", np.nan, "a price is not finite"),
        ("high", np.inf, "a price is not finite"),
        ("low", 0.0, "a price is not positive"),
        ("close", -1.0, "a price is not positive"),
        ("low", 151.0, "low is above open or close"),
        ("volume", -1, "volume is negative"),
    ],
)
def test_reasons_are_said(column: str, value: float, reason: str) -> None:
    """Each way to be broken is named."""
    bars = session_bars()
    changed = getattr(bars, column).copy()
    changed[3] = value

    (refused,) = screen(replace(bars, **{column: changed})).refused

    assert reason in refused.reason


def test_off_the_grid_is_refused() -> None:
    """Bars that do not open on the session's grid are refused: their clock is not the expected one."""
    screened = screen(one_minute_later(session_bars()))

    assert len(screened.bars) == 0
    assert {bar.reason for bar in screened.refused} == {"the open time is off the session's grid"}


@given(st.data(), trading_dates)
def test_gaps_and_bars_make_the_session(data: st.DataObject, day: date) -> None:
    """What is missing and what is there are together the session's bars."""
    bars = data.draw(bars_of_day(day, Timeframe.H1))

    missing = missing_opens(bars, session(day))

    assert len(missing) + len(bars) == 24
    assert sorted([*missing, *(instant(int(at)) for at in bars.time_us)]) == list(session(day).bar_opens(Timeframe.H1))


def test_an_early_close_expects_fewer_bars() -> None:
    """After an early close nothing is missing, and a bar that is there all the same is no gap."""
    whole = session_bars()
    day = session(FRIDAY)
    early = replace(day, early_close=instant(int(whole.time_us[len(whole) // 2])))

    assert missing_opens(whole, early) == ()
    assert missing_opens(whole.take(slice(1, 2)), early) == tuple(
        at for at in early.bar_opens(whole.timeframe) if microseconds(at) != whole.time_us[1]
    )


def test_digest_tells_content_apart() -> None:
    """The digest changes with any value, the series and the count, and with nothing else."""
    bars = session_bars()
    others = [
        replace(bars, symbol=Symbol("EURUSD")),
        replace(bars, close=bars.close + 1e-9),
        replace(bars, spread=bars.spread + np.int32(1)),
        without(bars, [23]),
    ]

    assert bars.digest() == session_bars().digest()
    assert len({bars.digest(), *(other.digest() for other in others)}) == 5


def test_between_is_half_open() -> None:
    """A range holds the bar at its start and not the one at its end."""
    bars = session_bars()
    start = session(FRIDAY).open

    part = bars.between(start + timedelta(hours=1), start + timedelta(hours=3))

    assert part.time_us.tolist() == bars.time_us[1:3].tolist()


@pytest.mark.parametrize("order", [[1, 0], [0, 0]], ids=["unsorted", "repeated"])
def test_times_must_ascend(order: list[int]) -> None:
    """Unsorted or repeated times are refused."""
    two = session_bars().take(slice(0, 2))

    with pytest.raises(InvalidInput, match="ascending and unique"):
        replace(two, time_us=two.time_us[order])


def test_columns_must_match() -> None:
    """Columns of different lengths are refused."""
    bars = session_bars()

    with pytest.raises(InvalidInput, match="same length"):
        replace(bars, close=bars.close[:-1])


def test_overlapping_stretches_are_refused() -> None:
    """Joining stretches that overlap is refused; adjoining ones become one series."""
    bars = session_bars()

    assert same(Bars.join([bars.take(slice(0, 9)), bars.take(slice(9, None))]), bars)
    with pytest.raises(InvalidInput, match="ascending"):
        Bars.join([bars.take(slice(0, 9)), bars.take(slice(8, None))])


def test_truth_describes_its_bars_only() -> None:
    """A truth is refused beside bars that it does not tell of."""
    check_describes(session_bars(), truth_of(session_bars()))

    with pytest.raises(InvalidInput, match="describe"):
        check_describes(without(session_bars(), [0]), truth_of(session_bars()))


def test_complete_means_no_gap_and_no_refusal() -> None:
    """A partition is complete when nothing is missing and nothing was refused."""
    assert truth_of(session_bars()).complete
    assert not truth_of(without(session_bars(), [4])).complete


def small_volumes(bars: Bars) -> Bars:
    """The same bars with volumes whose sum fits."""
    return replace(bars, volume=bars.volume % 1_000_000)
