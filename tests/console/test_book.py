"""Rows and figures of the pages about positions, orders and health."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from axia_console.book import Wanted, closing_price, event_rows, history_csv, history_rows, origin, today
from axia_console.health import ask, figures
from axia_console.words import EN
from axia_core.domain.order_states import Execution, OrderRecord, State
from axia_core.domain.orders import Action, Kind, Order
from axia_core.errors import StoreUnavailable
from tests.snapshot_examples import NOW, position, snapshot

D = Decimal


def record(order_id: str = "A1", state: State = State.FILLED, **more: str) -> OrderRecord:
    order = Order(
        order_id=order_id,
        symbol="USDJPY",
        action=Action.BUY,
        kind=Kind.MARKET,
        lots=D("0.1"),
        comment=more.pop("comment", ""),
    )
    return OrderRecord(
        order=order,
        state=state,
        version=3,
        sent_at=NOW,
        received_at=NOW,
        updated_at=NOW + timedelta(seconds=2),
        execution=Execution(ticket=7, price=D("150.01"), lots=D("0.1")),
        **more,
    )


def test_today() -> None:
    """The day's result is the equity against the day's first, open positions included."""
    found = today(snapshot(), D(10_000))

    assert (found.result, found.open_profit) == (D("66.66"), D("133.32"))
    assert today(snapshot(), None).result is None


def test_newest_events() -> None:
    """What became of each order last, and why."""
    (row,) = event_rows([record(state=State.REFUSED, reason="KILL_SWITCH: HALT")], EN)

    assert list(row.values()) == ["2026-07-01 12:00:02", "BUY USDJPY", "REFUSED", "KILL_SWITCH: HALT", "A1"]


def test_origin() -> None:
    """A position of ours names its order, one of another hand does not, whatever its magic."""
    assert origin(position(), lambda magic: "axia-1") == "axia-1"
    assert origin(position(), lambda magic: None) == ""
    assert origin(replace(position(), magic=7), lambda magic: "never") == ""


def test_closing_price() -> None:
    """A long position closes at the bid, a short one at the ask."""
    assert closing_price(position(), snapshot()) == D("150.000")
    assert closing_price(position(long=False), snapshot()) == D("150.010")


def test_filters() -> None:
    """Every filter narrows; none lets all pass."""
    found = [record(), record("B2", State.REFUSED, reason="MAX_LOTS: too much")]

    assert list(filter(Wanted(), found)) == found
    assert list(filter(Wanted(text="max_lots"), found)) == found[1:]
    assert list(filter(Wanted(states=(State.FILLED,)), found)) == found[:1]
    assert list(filter(Wanted(symbols=("EURUSD",)), found)) == []
    assert list(filter(Wanted(actions=(Action.BUY,), text="7"), found)) == found


def test_export_reads_back() -> None:
    """The file has the rows that the page shows, and a text that a spreadsheet would compute is quoted."""
    found = [record(), record("B2", reason='=HYPERLINK("x")')]

    rows = list(csv.DictReader(io.StringIO(history_csv(found).decode("utf-8-sig"))))

    assert rows[0] == history_rows(found)[0]
    assert rows[1]["reason"] == '\'=HYPERLINK("x")'


def test_figures_of_a_day() -> None:
    """Only the last day counts; how long an order took is from the queue to its end."""
    old = replace(record("old"), updated_at=NOW - timedelta(days=2))
    open_ = replace(record("B2", State.UNKNOWN))

    found = figures((record(), open_, old), NOW + timedelta(hours=1))

    assert (found.orders, found.unsettled, found.median_s, found.worst_s) == (2, 1, 2.0, 2.0)
    assert figures((), NOW).median_s is None


def test_health_names_who_does_not_answer() -> None:
    """One that raises and one that hangs are not well, and the others' answers come all the same."""
    import threading

    released = threading.Event()

    def broken() -> tuple[bool, str]:
        raise StoreUnavailable("nothing answers")

    def hanging() -> tuple[bool, str]:
        released.wait(20)
        return True, "late"

    answers = ask({"a": lambda: (True, "fine"), "b": broken, "c": hanging}, within_s=0.2)
    released.set()

    assert [(one.part, one.well) for one in answers] == [("a", True), ("b", False), ("c", False)]
    assert answers[2].text == "no answer within 0.2 s"
