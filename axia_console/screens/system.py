"""System: health of every part, queues, the day's orders in numbers, recovery, and who did what."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from axia_console.book import event_rows, stamp
from axia_console.console import Console, usual_symbol
from axia_console.health import ask, figures
from axia_console.recovery import drill_rows, finding_rows, newest_drills
from axia_console.sidebar import standing_text
from axia_core.domain.metrics import desk_readings, position_readings
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.domain.verification import Status
from axia_core.errors import AxiaError, NotRunning

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # the first life of a ledger
AUDIT_SHOWN = 100
EVENTS_SHOWN = 20
ORDERS_LOOKED_AT = 1_000


def show(console: Console) -> None:
    """The page."""
    _health(console)
    _metrics(console)
    _recovery(console)
    _events(console)
    _audit(console)
    _limits(console)


@st.fragment(run_every=10)
def _health(console: Console) -> None:
    words = console.words
    st.subheader(words.health)
    answers = ask(_parts(console))
    for place, answer in zip(st.columns(4) * 2, answers, strict=False):
        icon = ":green[:material/check_circle:]" if answer.well else ":red[:material/error:]"
        with place.container(border=True):
            st.markdown(f"{icon} **{answer.part}**")
            st.caption(answer.text)


def _parts(console: Console) -> dict[str, Callable[[], tuple[bool, str]]]:
    words = console.words
    return {
        words.ledger: lambda: _ledger(console),
        words.desk: lambda: _desk(console),
        words.trading_side: lambda: (console.standing().may_send, standing_text(console.standing(), console)),
        words.queue: lambda: _queue(console),
        words.dead_letters: lambda: _letters(console),
        words.cache: lambda: _cache(console),
        words.store: lambda: _store(console),
        words.dagster: lambda: _dagster(console),
    }


def _ledger(console: Console) -> tuple[bool, str]:
    unsettled = len(console.backend.ledger.open_orders())
    unreadable = console.backend.ledger.passed_over()
    return not unreadable, f"{console.words.unsettled}: {unsettled}" + "".join(f" · {one}" for one in unreadable)


def _desk(console: Console) -> tuple[bool, str]:
    words, lease = console.words, console.backend.ledger.lease_holder(console.now)
    if lease is None:
        return False, words.desk_closed
    return True, words.desk_open.format(until=f"{lease.expires_at:%H:%M:%S}")


def _queue(console: Console) -> tuple[bool, str]:
    words, found = console.words, console.backend.queue.depth()
    return True, f"{found.waiting} {words.waiting} · {found.in_flight} {words.in_flight}"


def _letters(console: Console) -> tuple[bool, str]:
    words, found = console.words, console.backend.letters.depth()
    count = found.waiting + found.in_flight
    return count == 0, words.letters_some.format(count=count) if count else words.letters_none


def _cache(console: Console) -> tuple[bool, str]:
    symbol = _example(console)
    found = console.backend.cache.read(symbol, Timeframe.H1)
    return True, f"{symbol} H1: {0 if found is None else len(found):,}"


def _store(console: Console) -> tuple[bool, str]:
    symbol = _example(console)
    days = console.backend.store.trading_dates(symbol, Timeframe.H1)
    return True, f"{symbol} H1: {len(days):,} · {days[-1] if days else '—'}"


def _example(console: Console) -> Symbol:
    symbols = console.backend.settings.symbols
    return Symbol(symbols[usual_symbol(symbols)])


def _dagster(console: Console) -> tuple[bool, str]:
    settings = console.backend.settings
    try:
        socket.create_connection((settings.host, settings.webserver_port), timeout=1).close()
    except OSError as error:
        raise NotRunning(f"{console.backend.dagster_url}: {error}") from error
    return True, console.backend.dagster_url


def _metrics(console: Console) -> None:
    words = console.words
    st.subheader(words.metrics)
    try:
        found = figures(console.backend.ledger.recent_orders(ORDERS_LOOKED_AT), console.now)
    except AxiaError as error:
        st.error(words.cannot_read.format(why=error))
        return
    cells = st.columns(4)
    cells[0].metric(words.orders_day, found.orders)
    cells[1].metric(words.median_s, "—" if found.median_s is None else f"{found.median_s:.2f}")
    cells[2].metric(words.worst_s, "—" if found.worst_s is None else f"{found.worst_s:.2f}")
    cells[3].metric(words.unsettled, found.unsettled)
    st.caption(" · ".join(f"{state} {count}" for state, count in found.by_state.items()))
    _readings(console)


def _readings(console: Console) -> None:
    """What is sent to CloudWatch of desk and book, as it stands now; what is not known has no reading."""
    words, backend, now = console.words, console.backend, console.now
    try:
        desk = desk_readings(backend.ledger.open_orders(), backend.ledger.lease_holder(now), now)
        found = (*desk, *position_readings(backend.snapshots.read(), now))
    except AxiaError as error:
        st.error(words.cannot_read.format(why=error))
        return
    st.caption(" · ".join(f"{one.metric} {one.value:g}" for one in found))


def _recovery(console: Console) -> None:
    words, ledger = console.words, console.backend.ledger
    st.subheader(words.recovery)
    try:
        epoch, lease = ledger.epoch(), ledger.lease_holder(console.now)
    except AxiaError as error:
        st.error(words.cannot_read.format(why=error))
        return
    rewound = epoch is not None and epoch.since > LONG_AGO
    st.write(words.epoch_since.format(at=stamp(epoch.since)) if epoch and rewound else words.no_epoch)
    if lease is not None:
        st.write(words.lease_until.format(owner=lease.owner, fence=lease.fence))
    _drills(console)
    _verification(console)


def _drills(console: Console) -> None:
    words = console.words
    st.markdown(f"**{words.drills}**")
    try:
        found = newest_drills(console.backend.drills)
    except AxiaError as error:
        st.error(words.cannot_read.format(why=error))
        return
    if not found:
        st.caption(words.no_drills)
        return
    st.table(drill_rows(found, words))


def _verification(console: Console) -> None:
    words = console.words
    st.markdown(f"**{words.verification}**")
    try:
        found = console.backend.verifications.last()
    except AxiaError as error:
        st.error(words.cannot_read.format(why=error))
        return
    if found is None:
        st.caption(words.no_verification)
        return
    counted = {"well": found.count(Status.OK), "red": len(found.red), "skipped": found.count(Status.SKIPPED)}
    (st.success if found.well else st.warning)(words.verified.format(at=stamp(found.at), **counted))
    if rows := finding_rows(found, words):
        st.table(rows)


def _events(console: Console) -> None:
    """The newest changes of orders, whoever sent them."""
    words = console.words
    st.subheader(words.recent_events)
    try:
        found = console.backend.ledger.recent_orders(EVENTS_SHOWN)
    except AxiaError as error:
        st.error(words.cannot_read.format(why=error))
        return
    if not found:
        st.caption(words.no_orders)
        return
    st.dataframe(event_rows(found, words), hide_index=True, key="events")


def _audit(console: Console) -> None:
    words = console.words
    st.subheader(words.events)
    try:
        lines = console.backend.ledger.audit()[-AUDIT_SHOWN:]
    except AxiaError as error:
        st.error(words.cannot_read.format(why=error))
        return
    rows = [
        {words.time_utc: stamp(one.at), words.who: one.who, words.what: one.what, words.outcome: one.outcome}
        for one in reversed(lines)
    ]
    st.dataframe(rows, hide_index=True, key="audit")


def _limits(console: Console) -> None:
    limits = console.backend.settings.limits
    names = limits.__dataclass_fields__
    with st.expander(console.words.limits):
        st.table([{" ": name, "  ": str(getattr(limits, name))} for name in names])
