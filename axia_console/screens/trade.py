"""Trade: candles, bid and ask, the order ticket with what it may cost and what the limits say, and its timeline."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from axia_console.chart import candles
from axia_console.console import Console, usual_symbol
from axia_console.freshness import quote_is_fresh
from axia_console.screens.ordering import ordering, timeline
from axia_console.ticket import Ticket, message_of
from axia_core.domain.orders import Action, Kind
from axia_core.domain.snapshot import Snapshot
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import AxiaError
from axia_core.loaded import Loaded
from axia_core.services.load import load

PURPOSE = "entry"
PERIODS = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}


def show(console: Console) -> None:
    """The page."""
    left, right = st.columns([0.66, 0.34], gap="medium")
    with left:
        symbol = _symbol(console)
        _prices(console, symbol)
        _chart(console, symbol)
    with right:
        _ticket(console, symbol)
    if (last := st.session_state.get("last-sent")) is not None:
        timeline(console, last)


def _symbol(console: Console) -> str:
    symbols = console.backend.settings.symbols
    return st.selectbox(console.words.symbol, symbols, index=usual_symbol(symbols), key="symbol", width=220)


@st.fragment(run_every=2)
def _prices(console: Console, symbol: str) -> None:
    words, found = console.words, console.standing()
    quote = found.snapshot.quotes.get(symbol) if found.snapshot else None
    usable = found.may_send and quote is not None and quote_is_fresh(quote, console.now)
    digits = Symbol(symbol).digits
    bid, ask, spread = st.columns(3)
    bid.metric(words.bid, f"{quote.bid:.{digits}f}" if quote and usable else "—")
    ask.metric(words.ask, f"{quote.ask:.{digits}f}" if quote and usable else "—")
    points = (quote.ask - quote.bid) / Symbol(symbol).point if quote and usable else None
    spread.metric(words.spread_points, "—" if points is None else f"{points:.0f}")


@st.fragment
def _chart(console: Console, symbol: str) -> None:
    words = console.words
    choose_frame, choose_period = st.columns([0.45, 0.55])
    frames = list(Timeframe)
    timeframe = choose_frame.segmented_control(
        words.timeframe, frames, default=Timeframe.H1, key="timeframe", required=True
    )
    names = {name: getattr(words, name) for name in PERIODS}
    period = choose_period.segmented_control(
        words.period, list(PERIODS), default="month", format_func=names.__getitem__, key="period", required=True
    )
    try:
        found = _bars(console, symbol, Timeframe(timeframe or "H1"), PERIODS[period or "month"])
    except AxiaError as error:
        st.error(words.cannot_read.format(why=error))
        return
    _draw(console, found)


def _draw(console: Console, found: Loaded) -> None:
    words, bars = console.words, found.bars
    if not len(bars):
        st.info(words.no_bars.format(symbol=bars.symbol, timeframe=bars.timeframe))
        return
    figure = candles(bars, words.volume)
    st.plotly_chart(figure, config={"displaylogo": False, "scrollZoom": True}, key="candles", alt=str(bars.symbol))
    source = "Redis" if found.cache.value == "hit" else "S3"
    st.caption(words.bars_from.format(count=f"{len(bars):,}", source=source))
    if found.missing_days or found.gaps:
        st.caption(words.missing_bars.format(days=len(found.missing_days), gaps=len(found.gaps)))


def _bars(console: Console, symbol: str, timeframe: Timeframe, days: int) -> Loaded:
    backend, end = console.backend, console.now
    start, pair = end - timedelta(days=days), Symbol(symbol)
    return load(
        backend.cache,
        backend.store,
        backend.clock,
        pair,
        timeframe,
        start,
        end,
        max_bars=backend.settings.cache_bars,
        holidays=backend.settings.holiday_calendar,
    )


@st.fragment(run_every=2)
def _ticket(console: Console, symbol: str) -> None:
    """Drawn anew every other second: its figures follow the market, and a stale one locks it."""
    words = console.words
    st.subheader(words.ticket)
    order_id = console.backend.tickets.open(console.who, PURPOSE)
    found = console.standing()
    ticket = _fields(console, symbol, order_id)
    _say_old_quote(console, found.snapshot, symbol)
    quote = found.snapshot.quotes.get(symbol) if found.snapshot else None
    started = bool(ticket.lots.strip())
    ordering(console, PURPOSE, order_id, lambda: message_of(ticket, quote), typed=ticket, started=started)


def _fields(console: Console, symbol: str, order_id: str) -> Ticket:
    words = console.words
    sides = {Action.BUY: words.buy, Action.SELL: words.sell}
    action = st.segmented_control(
        words.side, list(sides), default=Action.BUY, format_func=sides.__getitem__, key="side", required=True
    )
    kind = Kind(st.selectbox(words.order_kind, [one.value for one in Kind], key="kind"))
    lots = st.text_input(words.lots, key=f"lots-{order_id}", placeholder="0.10")
    entry = st.text_input(words.entry_price, key=f"entry-{order_id}") if kind.is_pending else ""
    units = {False: words.in_price, True: words.in_pips}
    in_pips = st.segmented_control(
        words.stops_in, list(units), default=True, format_func=units.__getitem__, key="in-pips", required=True
    )
    loss, profit = st.columns(2)
    return Ticket(
        order_id=order_id,
        symbol=symbol,
        action=Action(action or Action.BUY),
        kind=kind,
        lots=lots,
        entry_price=entry,
        stop_loss=loss.text_input(words.stop_loss, key=f"sl-{order_id}"),
        take_profit=profit.text_input(words.take_profit, key=f"tp-{order_id}"),
        in_pips=bool(in_pips),
        comment=st.text_input(words.comment, key=f"comment-{order_id}", max_chars=200),
    )


def _say_old_quote(console: Console, snapshot: Snapshot | None, symbol: str) -> None:
    quote = snapshot.quotes.get(symbol) if snapshot else None
    if quote is not None and not quote_is_fresh(quote, console.now):
        age_s = (console.now - quote.at).total_seconds()
        st.warning(console.words.quote_old.format(symbol=symbol, age=f"{age_s:.0f}"))
