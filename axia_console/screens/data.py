"""Data: which days are stored, how whole and how new they are, where they come from, and how to have them filled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import streamlit as st

from axia_console.backfill import Asked, Wish, ask_for, collectable, stretches
from axia_console.chart import STATUSES, calendar, status
from axia_console.console import Console, usual_symbol
from axia_console.words import Words
from axia_core.domain.sessions import last_due_trading_day, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import AxiaError
from axia_core.services.coverage import Coverage, Status, coverage

TURN, ASKED = "backfill-turn", "backfill-asked"
PERIODS = {"month": 31, "quarter": 92, "year": 366}


def show(console: Console) -> None:
    """The page."""
    words, settings = console.words, console.backend.settings
    pair, frame, period = st.columns(3)
    symbol = Symbol(pair.selectbox(words.symbol, settings.symbols, index=usual_symbol(settings.symbols), key="symbol"))
    timeframe = Timeframe(
        frame.selectbox(words.timeframe, [one.value for one in Timeframe], index=2, key="data-timeframe")
    )
    names = {name: getattr(words, name) for name in PERIODS}
    chosen = period.selectbox(
        words.period, list(PERIODS), format_func=names.__getitem__, key=f"data-period-{words.language}"
    )
    last = last_due_trading_day(console.now)
    first = last - timedelta(days=PERIODS[chosen])
    try:
        days = _expected(console, symbol, timeframe, first, last)
        refused = set(console.backend.store.refused_dates(symbol, timeframe))
    except AxiaError as error:
        st.error(words.cannot_read.format(why=error))
        return
    _freshness(words, days, last)
    _calendar(words, days)
    _findings(words, days, refused)
    _backfill(console, symbol, timeframe, days)


def _expected(console: Console, symbol: Symbol, timeframe: Timeframe, first: date, last: date) -> Sequence[Coverage]:
    """The days that are stored or should be: neither an empty holiday nor one before the pair's start is a gap."""
    backend, settings = console.backend, console.backend.settings
    start = settings.universe.start_of(symbol)
    found = coverage(backend.store, symbol, timeframe, first, last, holidays=settings.holiday_calendar, start=start)
    return [one for one in found if one.status not in (Status.HOLIDAY, Status.BEFORE_START)] or found


def _freshness(words: Words, days: Sequence[Coverage], last: date) -> None:
    stored = [one.trading_date for one in days if one.truth is not None]
    behind = len(list(trading_days(stored[-1] + timedelta(days=1), last))) if stored else len(days)
    sources = Counter(one.truth.source for one in days if one.truth is not None)
    newest, due, by_source = st.columns(3)
    newest.metric(words.newest_day, str(stored[-1]) if stored else "—")
    due.metric(words.newest_due, str(last))
    by_source.metric(words.sources, " · ".join(f"{name} {count}" for name, count in sources.items()) or "—")
    (st.success if not behind else st.warning)(words.up_to_date if not behind else words.behind.format(days=behind))


def _calendar(words: Words, days: Sequence[Coverage]) -> None:
    names: dict[str, str] = {name: getattr(words, name) for name in STATUSES}
    counted = Counter(status(one) for one in days)
    st.subheader(words.coverage)
    marks = {"complete": "green", "provisional": "blue", "partial": "orange", "missing": "gray"}
    st.markdown(" ".join(f":{colour}-badge[{names[name]} {counted[name]}]" for name, colour in marks.items()))
    st.plotly_chart(calendar(days, names), config={"displayModeBar": False}, key="calendar", alt=words.coverage)


def _findings(words: Words, days: Sequence[Coverage], refused: set[date]) -> None:
    st.subheader(words.findings)
    rows = [row for one in reversed(days) if (row := _finding(words, one, refused)) is not None]
    if not rows:
        st.caption(words.no_findings)
        return
    st.dataframe(rows, hide_index=True, key="findings")


def _finding(words: Words, one: Coverage, refused: set[date]) -> dict[str, str] | None:
    kept = words.refused_bars if one.trading_date in refused else ""
    if status(one) == "complete" and not kept:
        return None
    truth = one.truth
    count = "" if truth is None else words.bars_expected.format(actual=truth.actual, expected=truth.expected)
    found = " · ".join(part for part in (getattr(words, status(one)), count, kept) if part)
    return {words.trading_day: str(one.trading_date), words.found: found, words.source: truth.source if truth else ""}


def _backfill(console: Console, symbol: Symbol, timeframe: Timeframe, days: Sequence[Coverage]) -> None:
    words = console.words
    st.subheader(words.request_backfill)
    lacking = [one.trading_date for one in days if status(one) != "complete"]
    universe = console.backend.settings.universe
    asked_for = collectable(lacking, universe.start_of(symbol), datetime.now(UTC))
    if asked_for and symbol in universe.symbols_with(timeframe) and console.may_act:
        _request(console, Wish(symbol, timeframe, stretches(asked_for)), len(asked_for))
    _requested(console)
    st.write(words.backfill_how)
    begin, end = (lacking[0], lacking[-1]) if lacking else (days[-1].trading_date,) * 2
    command = f"axia collect --from {begin} --to {end} --symbol {symbol} --timeframe {timeframe}"
    st.code(command, language="sh")
    url = f"{console.backend.dagster_url}/assets/ohlcv/{timeframe.value.lower()}?view=partitions"
    st.link_button(words.open_in_dagster, url, icon=":material/open_in_new:")


def _request(console: Console, wanted: Wish, days: int) -> None:
    """One click opens it, one confirms; a second click on what was drawn before does nothing more."""
    words, turn = console.words, st.session_state.get(TURN, 0)
    with st.popover(f":material/download: {words.collect_lacking.format(days=days)}", key=f"backfill-{turn}"):
        st.write(words.collect_asked.format(series=wanted, runs=len(wanted.stretches)))
        key, asked = f"backfill-do-{turn}", (console, wanted, turn)
        st.button(words.confirm_collect, type="primary", key=key, on_click=_ask, args=asked)


def _ask(console: Console, wanted: Wish, turn: int) -> None:
    if not console.may_act or st.session_state.get(TURN, 0) != turn:
        return
    st.session_state[TURN], backend = turn + 1, console.backend
    try:
        asked = ask_for(wanted, console.who, dagster=backend.dagster, ledger=backend.ledger, clock=backend.clock)
    except AxiaError as error:
        asked = Asked((), str(error))
    st.session_state[ASKED] = asked


def _requested(console: Console) -> None:
    """What came of the last request, and where to watch it."""
    asked: Asked = st.session_state.get(ASKED, Asked(()))
    if asked.fault:
        st.error(console.words.not_collected.format(why=asked.fault))
    if asked.runs:
        links = " · ".join(f"[{run[:8]}]({console.backend.dagster_url}/runs/{run})" for run in asked.runs)
        st.success(console.words.collecting.format(runs=links))
