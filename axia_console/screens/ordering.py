"""From a message to its end, wherever it was typed: figures, verdict, review, one sending, and its timeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from axia_console.actions import OtherContent, order_of, send_once
from axia_console.console import Console
from axia_console.freshness import Standing
from axia_console.risk import Projection, project
from axia_console.verdict import verdict
from axia_core.domain.orders import Order
from axia_core.domain.snapshot import Snapshot
from axia_core.errors import AxiaError, InvalidInput
from axia_core.services.check_order import Forecast

MARKS = {True: ":material/check:", False: ":material/close:", None: ":material/remove:"}
Message = dict[str, Any]


def ordering(
    console: Console, purpose: str, order_id: str, message: Callable[[], Message], *, started: bool = True
) -> None:
    """Everything below the fields: to be drawn anew with them. With *started* False nothing has been typed yet."""
    words, found = console.words, console.standing()
    if console.backend.tickets.is_claimed(order_id):
        _claimed(console, purpose, order_id)
        return
    problem, order, made = _read(console, message) if started else ("", None, {})
    if problem:
        st.error(problem)
    forecast = _judged(console, order, made, found) if order is not None else None
    if not found.may_send:
        st.warning(words.sending_disabled)
    ready = bool(order) and found.may_send and console.may_act and forecast is not None
    reviewed = f"review-{order_id}"
    if st.session_state.get(reviewed) and order is not None:
        st.info(f"**{words.review_title}**  \n{sentence(order)}")
        _send_button(console, purpose, order_id, made, ready=ready)
    elif st.button(words.review, key=f"ask-{order_id}", disabled=not ready, width="stretch"):
        st.session_state[reviewed] = True
        st.rerun(scope="fragment")
    st.caption(words.ticket_id.format(id=order_id))


def sentence(order: Order) -> str:
    """The order as it will be sent."""
    prices = {"@": order.entry_price, "SL": order.stop_loss, "TP": order.take_profit}
    said = [order.action.value, order.symbol, "" if order.lots is None else f"{order.lots:f} lots", order.kind.value]
    said += [f"{name} {price:f}" for name, price in prices.items() if price is not None]
    said += [f"ticket {order.mt5_ticket}"] if order.mt5_ticket else []
    return " ".join(word for word in said if word)


def timeline(console: Console, order_id: str) -> None:
    """An order's way through the ledger, drawn every second until it is final."""
    record = _quietly(lambda: console.backend.ledger.order(order_id))
    is_final = record is not None and record.state.is_final
    st.fragment(_timeline, run_every=None if is_final else 1)(console, order_id)


def _timeline(console: Console, order_id: str) -> None:
    words = console.words
    st.subheader(words.timeline.format(id=order_id))
    try:
        record, events = console.backend.ledger.order(order_id), console.backend.ledger.events(order_id)
    except AxiaError as error:
        st.error(words.cannot_read.format(why=error))
        return
    if record is None:
        st.info(words.not_in_ledger)
        return
    said = record.execution
    end = f"{record.state} {'' if said.price is None else f'@ {said.price:f}'} {record.reason}".strip()
    (st.success if record.state.is_final else st.info)(
        (words.order_final if record.state.is_final else words.order_open).format(state=end)
    )
    rows = [
        {words.time_utc: f"{one.at:%H:%M:%S.%f}"[:-3], words.state: one.state.value, words.why: one.text}
        for one in events
    ]
    st.table(rows)


def _read(console: Console, message: Callable[[], Message]) -> tuple[str, Order | None, Message]:
    try:
        made = message()
        return "", order_of(made, console.backend.clock, console.backend.settings.symbols)[0], made
    except InvalidInput as error:
        return str(error), None, {}


def _judged(console: Console, order: Order, made: Message, found: Standing) -> Forecast | None:
    if found.snapshot is None:
        return None
    if order.action.is_entry:
        _figures(console, project(order, found.snapshot))
    try:
        forecast = _forecast(console, made, found.snapshot)
    except AxiaError as error:
        st.error(console.words.cannot_read.format(why=error))
        return None
    _verdict(console, forecast)
    return forecast


def _forecast(console: Console, made: Message, snapshot: Snapshot) -> Forecast:
    backend = console.backend
    symbols, limits = backend.settings.symbols, backend.settings.limits
    _, body = order_of(made, backend.clock, symbols)
    return verdict(body, snapshot, ledger=backend.ledger, clock=backend.clock, symbols=symbols, limits=limits)


def _figures(console: Console, found: Projection) -> None:
    words = console.words
    risk, reward = st.columns(2)
    percent = None if found.risk_percent is None else words.of_equity.format(percent=found.risk_percent)
    risk.metric(words.risk, _money(found.risk, found.currency, words.no_stop, words.wrong_side))
    reward.metric(words.reward, _money(found.reward, found.currency, "—", words.wrong_side))
    pip = f"{words.pip_value}: {_money(found.pip_value, found.currency, '—', '')}"
    ratio = "" if found.ratio is None else f" · {words.ratio}: {found.ratio}"
    st.caption(" · ".join(part for part in (pip + ratio, percent) if part))


def _money(amount: Any, currency: str, nothing: str, wrong: str) -> str:
    if amount is None:
        return nothing
    return f"{amount:,.2f} {currency}" if amount >= 0 else wrong


def _verdict(console: Console, forecast: Forecast) -> None:
    words, decisive = console.words, forecast.decisive
    if decisive is None:
        st.success(words.would_be_sent)
    else:
        check = decisive.check
        parts = {"figure": check.figure, "limit": check.limit, "remedy": check.remedy}
        st.warning(words.would_not.format(outcome=decisive.otherwise, code=check.code, **parts))
    with st.expander(words.verdict):
        for judged in forecast.judged:
            check = judged.check
            st.markdown(f"{MARKS[check.passed]} **{check.code}** — {_plain(check.figure)} · {_plain(check.limit)}")
        st.caption(words.broker_not_asked)


def _plain(text: str) -> str:
    """Without what Markdown would read into it: some of it was typed by whoever sent an order."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>()#+!|$:~" else letter for letter in text)


def _send_button(console: Console, purpose: str, order_id: str, made: Message, *, ready: bool) -> None:
    words = console.words
    if not st.button(words.send_order, type="primary", key=f"send-{order_id}", disabled=not ready, width="stretch"):
        return
    if not console.standing().may_send:  # it may have grown old since it was drawn
        st.warning(words.sending_disabled)
        return
    backend = console.backend
    try:
        done = send_once(
            made,
            console.who,
            tickets=backend.tickets,
            ledger=backend.ledger,
            queue=backend.queue,
            clock=backend.clock,
            symbols=backend.settings.symbols,
        )
    except AxiaError as error:
        st.error(words.cannot_read.format(why=error))
        return
    st.session_state["last-sent"] = order_id
    st.session_state[f"note-{purpose}"] = words.other_content if isinstance(done, OtherContent) else ""
    st.rerun()


def _claimed(console: Console, purpose: str, order_id: str) -> None:
    """The ticket has been sent, here or in another tab: nothing more can be sent under it."""
    words = console.words
    mine = st.session_state.get("last-sent") == order_id
    st.success(words.sent.format(id=order_id))
    if not mine:
        st.info(words.already_sent)
    if note := st.session_state.get(f"note-{purpose}"):
        st.warning(note)
    if st.button(words.new_ticket, key=f"new-{order_id}", width="stretch"):
        console.backend.tickets.renew(console.who, purpose, order_id)
        st.rerun()


def _quietly(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except AxiaError:
        return None
