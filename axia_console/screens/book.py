"""Positions and orders: what is open and pending at the broker, the day's result, and every order with its filters."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import streamlit as st

from axia_console.book import Wanted, closing_price, history_csv, history_rows, origin, today
from axia_console.console import Console
from axia_console.screens.ordering import age_text, ordering, timeline
from axia_console.ticket import cancel_message, close_message, modify_message
from axia_core.domain.broker import PendingOrder, Position
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Action
from axia_core.domain.sessions import loss_day
from axia_core.domain.snapshot import Snapshot
from axia_core.errors import AxiaError

SHOWN = 500


def show(console: Console) -> None:
    """The page."""
    _book(console)
    if (last := st.session_state.get("last-sent")) is not None:
        timeline(console, last)
    _history(console)


@st.fragment(run_every=2)
def _book(console: Console) -> None:
    words, found = console.words, console.standing()
    if found.snapshot is None:
        st.warning(words.no_snapshot)
        return
    if not found.may_send:
        st.warning(words.exits_only.format(age=age_text(found)))
    _today(console, found.snapshot)
    st.subheader(words.open_positions)
    if not found.snapshot.positions:
        st.caption(words.none_open)
    for one in found.snapshot.positions:
        _position(console, one, found.snapshot)
    st.subheader(words.pending_orders)
    if not found.snapshot.pending:
        st.caption(words.none_pending)
    for order in found.snapshot.pending:
        _pending(console, order)


def _today(console: Console, snapshot: Snapshot) -> None:
    words = console.words
    try:
        start = console.backend.ledger.day_equity(loss_day(console.now), snapshot.account.login)
    except AxiaError:
        start = None
    day = today(snapshot, start)
    cells = st.columns(4)
    figures = {words.result_today: day.result, words.open_profit: day.open_profit}
    for cell, (name, amount) in zip(cells, figures.items(), strict=False):
        cell.metric(name, words.unknown if amount is None else f"{amount:+,.2f} {day.currency}")
    cells[2].metric(words.equity, f"{day.equity:,.2f} {day.currency}")
    cells[3].metric(words.balance, f"{day.balance:,.2f} {day.currency}")


def _position(console: Console, one: Position, snapshot: Snapshot) -> None:
    words = console.words
    with st.container(border=True):
        told, close, modify = st.columns([0.64, 0.18, 0.18], vertical_alignment="center")
        side = words.long if one.long else words.short
        price = closing_price(one, snapshot)
        stops = f"SL {_price(one.stop_loss)} · TP {_price(one.take_profit)}"
        told.markdown(
            f"**{one.symbol} {side} {one.lots:f}** · **{one.profit:+,.2f} {snapshot.account.currency}**  \n"
            f"{words.opened_at_price} {one.price_open:f} · {words.price_now} {_price(price)} · {stops}  \n"
            f"#{one.ticket} · {_origin(console, one)}"
        )
        _toggle(console, close, "close", one.ticket, words.close)
        _toggle(console, modify, "modify", one.ticket, words.modify)
        _asked(console, one)


def _asked(console: Console, one: Position) -> None:
    words = console.words
    if _is_open("close", one.ticket):
        order_id = console.backend.tickets.open(console.who, f"close-{one.ticket}")
        st.markdown(f"**{words.close_title}**")
        lots = st.text_input(words.lots_to_close, key=f"lots-{order_id}")
        _order(console, "close", one.ticket, lambda: close_message(order_id, one.symbol, one.ticket, lots))
    if _is_open("modify", one.ticket):
        st.markdown(f"**{words.modify_title}**")
        _modify(console, one)


def _modify(console: Console, one: Position | PendingOrder) -> None:
    """The prices as they are, to be typed over; of a pending order the entry as well."""
    words, order_id = console.words, console.backend.tickets.open(console.who, f"modify-{one.ticket}")
    named = {"stop_loss": (words.stop_loss, one.stop_loss), "take_profit": (words.take_profit, one.take_profit)}
    if isinstance(one, PendingOrder):
        named = {"entry_price": (words.entry_price, one.price), **named}
    typed = {
        name: place.text_input(label, _text(value), key=f"{name}-{order_id}")
        for place, (name, (label, value)) in zip(st.columns(len(named)), named.items(), strict=True)
    }
    _order(console, "modify", one.ticket, lambda: modify_message(order_id, one.symbol, one.ticket, **typed))


def _pending(console: Console, one: PendingOrder) -> None:
    words = console.words
    with st.container(border=True):
        told, cancel, modify = st.columns([0.64, 0.18, 0.18], vertical_alignment="center")
        side = words.long if one.long else words.short
        stops = f"SL {_price(one.stop_loss)} · TP {_price(one.take_profit)}"
        told.markdown(
            f"**{one.symbol} {side} {one.lots:f} @ {one.price:f}** · {stops}  \n#{one.ticket} · {_origin(console, one)}"
        )
        _toggle(console, cancel, "cancel", one.ticket, words.cancel)
        _toggle(console, modify, "modify", one.ticket, words.modify)
        if _is_open("cancel", one.ticket):
            order_id = console.backend.tickets.open(console.who, f"cancel-{one.ticket}")
            st.markdown(f"**{words.cancel_title}**")
            _order(console, "cancel", one.ticket, lambda: cancel_message(order_id, one.symbol, one.ticket))
        if _is_open("modify", one.ticket):
            st.markdown(f"**{words.modify_pending_title}**")
            _modify(console, one)


def _order(console: Console, what: str, ticket: int, message: Callable[[], dict[str, object]]) -> None:
    purpose = f"{what}-{ticket}"
    ordering(console, purpose, console.backend.tickets.open(console.who, purpose), message)


def _toggle(console: Console, place: st.delta_generator.DeltaGenerator, what: str, ticket: int, label: str) -> None:
    """Opens or closes what is asked for a ticket; on the page only, nothing is sent."""
    place.button(
        label,
        key=f"toggle-{what}-{ticket}",
        on_click=_open_or_close,
        args=(f"open-{what}-{ticket}",),
        disabled=not console.may_act,
        width="stretch",
    )


def _open_or_close(key: str) -> None:
    st.session_state[key] = not st.session_state.get(key, False)


def _is_open(what: str, ticket: int) -> bool:
    return bool(st.session_state.get(f"open-{what}-{ticket}"))


def _origin(console: Console, one: Position | PendingOrder) -> str:
    try:
        order_id = origin(one, console.backend.ledger.order_id_of)
    except AxiaError:
        order_id = ""
    return console.words.from_order.format(id=order_id) if order_id else console.words.not_ours


def _history(console: Console) -> None:
    words = console.words
    st.subheader(words.history)
    text, symbols, states, actions = st.columns(4)
    wanted = Wanted(
        text=text.text_input(words.filter_text, key="filter-text"),
        symbols=tuple(symbols.multiselect(words.symbol, console.backend.settings.symbols, key="filter-symbols")),
        states=tuple(states.multiselect(words.filter_state, list(State), key="filter-states")),
        actions=tuple(actions.multiselect(words.filter_action, list(Action), key="filter-actions")),
    )
    try:
        found = [record for record in console.backend.ledger.recent_orders(SHOWN) if wanted(record)]
    except AxiaError as error:
        st.error(words.cannot_read.format(why=error))
        return
    _rows(console, found)


def _rows(console: Console, found: list[OrderRecord]) -> None:
    words = console.words
    if not found:
        st.caption(words.no_orders)
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(words.orders_shown.format(count=len(found)), width="content")
        st.download_button(words.export, history_csv(found), "axia-orders.csv", "text/csv", icon=":material/download:")
    st.dataframe(history_rows(found), hide_index=True, key="history")


def _price(value: Decimal | None) -> str:
    return "—" if value is None else f"{value:f}"


def _text(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"
