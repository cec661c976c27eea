"""From a message to its end, wherever it was typed: figures, verdict, review, one sending, and its timeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from axia_console.actions import OtherContent, order_of, send_once
from axia_console.console import Console
from axia_console.freshness import Standing
from axia_console.remedies import remedy_in
from axia_console.risk import Projection, project
from axia_console.tickets import Stage
from axia_console.verdict import verdict
from axia_core.domain.orders import Action, Order
from axia_core.domain.snapshot import Snapshot
from axia_core.errors import AxiaError, InvalidInput
from axia_core.services.check_order import Forecast

LAST_SENT, JUST_SENT, SEEN_FINAL = "last-sent", "just-sent", "seen-final"
MARKS = {True: ":material/check:", False: ":material/close:", None: ":material/remove:"}
Message = dict[str, Any]


def ordering(
    console: Console,
    purpose: str,
    order_id: str,
    message: Callable[[], Message],
    *,
    typed: object = None,
    started: bool = True,
) -> None:
    """Everything below the fields: to be drawn anew with them. With *started* False nothing has been typed yet.

    A review is void once what was reviewed has changed: what was *typed*, as a message with stops in pips follows the
    market, or the message itself where nothing is given for it.

    The buttons have their own places above all that grows and shrinks: one that moves away under a hand loses its
    click, and one that comes where another was takes a click that was not meant for it.
    """
    left, right = st.columns(2)
    if console.backend.tickets.stage(order_id) is Stage.SENT:
        _sent(console, purpose, order_id, left)
        return
    words, found = console.words, console.standing()
    problem, order, made = _read(console, message) if started else ("", None, {})
    if problem:
        st.error(problem)
    reviewed = order is not None and _is_reviewed(order_id, made if typed is None else typed)
    if order is not None and reviewed:
        st.info(f"**{words.review_title}**  \n{sentence(order)}")
    forecast = _judged(console, made, order, found) if order is not None else None
    allowed = found.lets(order.action) if order is not None else found.may_send
    if not found.may_send:
        st.warning(words.exit_on_old.format(age=age_text(found)) if allowed else words.sending_disabled)
    if note := st.session_state.get(_note(order_id)):
        st.warning(note)
    st.caption(words.ticket_id.format(id=order_id))
    ready = order is not None and forecast is not None and allowed and console.may_act
    _button(left, words.review, f"ask-{order_id}", _review, (order_id,), ready=ready and not reviewed)
    sends = (console, order_id, made)
    _button(right, words.send_order, f"send-{order_id}", _send, sends, ready=ready and reviewed, strong=True)


def age_text(found: Standing) -> str:
    """How old what is shown is, in seconds."""
    return "?" if found.age_s is None else f"{found.age_s:.0f}"


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
    if record.state.is_final and st.session_state.get(SEEN_FINAL) != order_id:
        st.session_state[SEEN_FINAL] = order_id
        st.rerun()  # from now on it need not be drawn every second
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


def _judged(console: Console, made: Message, order: Order, found: Standing) -> Forecast | None:
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
    risk.markdown(f"{words.risk}  \n**{_money(found.risk, found.currency, words.no_stop, words.wrong_side)}**")
    reward.markdown(f"{words.reward}  \n**{_money(found.reward, found.currency, '—', words.wrong_side)}**")
    pip = f"{words.pip_value}: {_money(found.pip_value, found.currency, '—', '')}"
    ratio = "" if found.ratio is None else f" · {words.ratio}: {found.ratio}"
    st.caption(" · ".join(part for part in (percent, pip + ratio) if part))


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
        remedy = remedy_in(words, check.remedy)
        parts = {"figure": check.figure, "limit": check.limit, "remedy": remedy}
        st.warning(words.would_not.format(outcome=decisive.otherwise, code=check.code, **parts))
    with st.expander(words.verdict):
        for judged in forecast.judged:
            check = judged.check
            st.markdown(f"{MARKS[check.passed]} **{check.code}** — {_plain(check.figure)} · {_plain(check.limit)}")
        st.caption(words.broker_not_asked)


def _plain(text: str) -> str:
    """Without what Markdown would read into it: some of it was typed by whoever sent an order."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>()#+!|$:~" else letter for letter in text)


def _review(order_id: str) -> None:
    st.session_state[_reviewed(order_id)] = None


def _is_reviewed(order_id: str, subject: object) -> bool:
    """Whether *subject* is what was reviewed; a review that was just asked for is of this one."""
    key = _reviewed(order_id)
    if key in st.session_state and st.session_state[key] is None:
        st.session_state[key] = subject
    return bool(st.session_state.get(key) == subject)


def _send(console: Console, order_id: str, made: Message) -> None:
    """What came of it is kept for the next drawing: a message that vanishes after two seconds is none."""
    words, backend = console.words, console.backend
    if not console.may_act:  # a disabled button is only drawn so: whoever speaks the protocol can press it
        st.session_state[_note(order_id)] = words.viewer_only
        return
    if not console.standing().lets(Action(made["order_action"])):  # it may have grown old since it was drawn
        st.session_state[_note(order_id)] = words.sending_disabled
        return
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
        st.session_state[_note(order_id)] = words.not_sent.format(why=error)
        return
    st.session_state[_note(order_id)] = words.other_content if isinstance(done, OtherContent) else ""
    st.session_state[LAST_SENT], st.session_state[JUST_SENT] = order_id, True


def _sent(console: Console, purpose: str, order_id: str, place: DeltaGenerator) -> None:
    """The ticket has been sent, here or in another tab: nothing more can be sent under it."""
    words = console.words
    if st.session_state.pop(JUST_SENT, False):
        st.rerun()  # the timeline is another part of the page
    _button(place, words.new_ticket, f"new-{order_id}", console.backend.tickets.renew, (console.who, purpose, order_id))
    st.success(words.sent.format(id=order_id))
    if st.session_state.get(LAST_SENT) != order_id:
        st.info(words.already_sent)
    if note := st.session_state.get(_note(order_id)):
        st.warning(note)


def _button(
    place: DeltaGenerator,
    label: str,
    key: str,
    act: Callable[..., Any],
    with_: tuple[Any, ...],
    *,
    ready: bool = True,
    strong: bool = False,
) -> None:
    """It acts in a callback, on what stood there when it was clicked: a page drawn anew meanwhile loses no click."""
    kind: Literal["primary", "secondary"] = "primary" if strong else "secondary"
    place.button(label, key=key, on_click=act, args=with_, disabled=not ready, type=kind, width="stretch")


def _note(order_id: str) -> str:
    return f"note-{order_id}"


def _reviewed(order_id: str) -> str:
    return f"review-{order_id}"


def _quietly(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except AxiaError:
        return None
