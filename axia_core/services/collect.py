"""Collect trading days: bars of a source, screened and judged, become partitions of the store.

What a session is, and which bars hold together, is the domain's; when and in what order is the pipelines'.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

from axia_core.domain.bars import Bars, PartitionTruth, missing_opens, screen
from axia_core.domain.sessions import Session, last_closed_trading_days, previous_trading_day, session
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import HistoryNotReady, InvalidInput
from axia_core.ports import BarStore, Clock, MarketData

SETTLING = timedelta(seconds=2)
# The collection starts at the very second the session closes: that is worth waiting for, an open session is not.
PATIENCE = timedelta(minutes=2)
# Sources answer a range in one piece; a longer one is asked for in pieces, so that each answer stays small.
BARS_PER_CALL = 20_000
WRITERS = 8


def collect(
    market: MarketData,
    store: BarStore,
    clock: Clock,
    symbol: Symbol,
    timeframe: Timeframe,
    trading_date: date,
    *,
    settling: timedelta = SETTLING,
) -> PartitionTruth:
    """Stores one trading day of a series and says what is true of it.

    Raises NotATradingDay, InvalidInput while the session has not closed, HistoryNotReady when the source has no bar
    of it (then nothing is written), and whatever *market* and *store* raise.
    """
    (truth,) = collect_days(market, store, clock, symbol, timeframe, [trading_date], settling=settling)
    return truth


def collect_days(
    market: MarketData,
    store: BarStore,
    clock: Clock,
    symbol: Symbol,
    timeframe: Timeframe,
    days: Sequence[date],
    *,
    settling: timedelta = SETTLING,
) -> Iterator[PartitionTruth]:
    """`collect` for many days with few calls of the source: one for each unbroken run of days.

    Dates are refused before anything is read. A day that the source has no bars of does not stop the others: all
    others are stored and yielded, and then HistoryNotReady names those that are missing.
    """
    sessions = [session(day) for day in sorted(set(days))]
    if sessions:
        _await_close(market, clock, sessions[-1], settling)
    return _collect_runs(market, store, symbol, timeframe, sessions)


def _collect_runs(
    market: MarketData, store: BarStore, symbol: Symbol, timeframe: Timeframe, sessions: Sequence[Session]
) -> Iterator[PartitionTruth]:
    absent: list[date] = []
    for run in _runs(sessions, max(1, BARS_PER_CALL // timeframe.bars_per_session)):
        found = market.bars(symbol, timeframe, run[0].open, run[-1].close)
        cut = [(day, found.between(day.open, day.close)) for day in run]
        absent.extend(day.trading_date for day, bars in cut if not len(bars))
        yield from _keep_side_by_side(market, store, [(day, bars) for day, bars in cut if len(bars)])
    if absent:
        raise HistoryNotReady(_absence(market, symbol, timeframe, absent))


def _keep_side_by_side(
    market: MarketData, store: BarStore, cut: Sequence[tuple[Session, Bars]]
) -> Iterator[PartitionTruth]:
    """In order of days; a store answers in tens of milliseconds, most of which is waiting."""
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="collect") as pool:
        yield from pool.map(lambda one: _keep(market, store, one[1], one[0]), cut)


def _keep(market: MarketData, store: BarStore, bars: Bars, day: Session) -> PartitionTruth:
    """Screens and stores one day unless what is stored is better; the truth is of what is stored then."""
    truth, kept = _judge(market, bars, day)
    if truth.provisional or not truth.actual:
        stored = store.truth(bars.symbol, bars.timeframe, day.trading_date)
        if stored is not None and _is_better(stored, truth):
            return stored
    store.write(kept, truth)
    return truth


def _is_better(stored: PartitionTruth, truth: PartitionTruth) -> bool:
    """Final bars are better than provisional ones, and any bars are better than none."""
    return (truth.provisional and not stored.provisional) or (stored.actual > 0 and truth.actual == 0)


def _judge(market: MarketData, bars: Bars, day: Session) -> tuple[PartitionTruth, Bars]:
    screened = screen(bars)
    truth = PartitionTruth(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        trading_date=day.trading_date,
        source=market.name,
        provisional=market.provisional,
        expected=bars.timeframe.bars_per_session,
        actual=len(screened.bars),
        gaps=missing_opens(screened.bars, day),
        refused=screened.refused,
        digest=screened.bars.digest(),
    )
    return truth, screened.bars


def _await_close(market: MarketData, clock: Clock, last: Session, settling: timedelta) -> None:
    """Returns once every bar of *last* is complete by the source's own clock: past its end plus the settling time.

    Not by a bar's position or successor: on Saturday no later bar comes, and Friday's last bars must not vanish.
    """
    remaining = last.close + settling - market.now()
    if timedelta() < remaining <= PATIENCE:
        clock.sleep(remaining.total_seconds())
        remaining = last.close + settling - market.now()
    if remaining > timedelta():
        raise _not_yet_closed(last, settling, last.close + settling - remaining)


def _not_yet_closed(last: Session, settling: timedelta, now: datetime) -> InvalidInput:
    rule = f"its session closes at {last.close:%Y-%m-%d %H:%M} UTC, and a forming bar is never stored"
    (newest,) = last_closed_trading_days(now - settling, 1)
    remedy = f"Collect it after {last.close + settling:%Y-%m-%d %H:%M:%S} UTC; the newest that has closed is {newest}."
    return InvalidInput("date", last.trading_date.isoformat(), rule, remedy)


def _absence(market: MarketData, symbol: Symbol, timeframe: Timeframe, absent: Sequence[date]) -> str:
    shown = ", ".join(day.isoformat() for day in absent[:5]) + (" ..." if len(absent) > 5 else "")
    return (
        f"{market.name} has no {symbol} {timeframe} bars of {len(absent)} trading day(s): {shown}. Nothing was written "
        "for them. Try again when the history is there; for a broker's holiday there is nothing to collect."
    )


def _runs(sessions: Sequence[Session], longest: int) -> Iterator[Sequence[Session]]:
    """Runs of days without a trading day missing between them, at most *longest* days each."""
    start = 0
    for at in range(1, len(sessions) + 1):
        if at == len(sessions) or at - start == longest or not _adjoin(sessions[at - 1], sessions[at]):
            yield sessions[start:at]
            start = at


def _adjoin(earlier: Session, later: Session) -> bool:
    return previous_trading_day(later.trading_date) == earlier.trading_date
