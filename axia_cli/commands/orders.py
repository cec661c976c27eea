"""`axia order` and `axia kill-switch`: send, look, stop. Orders go through the queue like everybody's."""

from __future__ import annotations

import getpass
import time
from typing import Annotated, Any

import typer

from axia_cli import order_options as options
from axia_cli import views
from axia_cli.commands import flatten
from axia_cli.output import Json, console, emit, say
from axia_cli.target import describe, target_settings
from axia_core.adapters.clock import SystemClock
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.orders import Action, Kind
from axia_core.errors import InvalidInput, VersionConflict
from axia_core.ports import OrderLedger
from axia_core.services.await_attempts import await_attempts
from axia_core.services.send import send as publish
from axia_core.settings import Settings

POLL_S = 0.1
STOPPING_TRIES = 10

orders = typer.Typer(no_args_is_help=True, help="Send orders and look at them.")
kill_switch = typer.Typer(no_args_is_help=True, help="Stop all trading, or release it.")


@orders.command()
def send(
    symbol: options.SymbolName = "",
    action: options.What = Action.BUY,
    kind: options.How = Kind.MARKET,
    lots: options.Lots = "",
    stop_loss: options.StopLoss = "",
    take_profit: options.TakeProfit = "",
    entry_price: options.EntryPrice = "",
    ticket: options.Ticket = None,
    target: options.Target = "",
    order_id: options.OrderId = "",
    comment: options.Comment = "",
    message: options.MessageText = "",
    wait_s: Annotated[float, typer.Option("--wait", help="Seconds to wait for the order's end.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Publish one order request to the queue."""
    settings = target_settings()
    given = {"lots": lots, "stop_loss": stop_loss, "take_profit": take_profit, "entry_price": entry_price}
    named = {"symbol": symbol, "ticket": ticket, "target": target, "order_id": order_id, "comment": comment}
    body = options.message_of(message, action, kind, **given, **named)
    order, message_id = publish(body, queue=_queue(settings), clock=_clock(settings), symbols=settings.symbols)
    say(f"{describe(settings)}\nsent {order.order_id} as message {message_id}")
    record = _await(_ledger(settings), order.order_id, wait_s)
    _show_sent(order.order_id, message_id, record, as_json)


@orders.command()
def show(order_id: str, as_json: Json = False) -> None:
    """An order's state and its timeline."""
    settings = target_settings()
    ledger = _ledger(settings)
    record = ledger.order(order_id)
    if record is None:
        raise InvalidInput("order_id", order_id, "the ledger does not know it", "See `axia order list`.")
    events = ledger.events(order_id)
    if as_json:
        document = views.order_document(record) | {"events": [views.event_document(event) for event in events]}
        return emit(document)
    say(describe(settings))
    console.print(views.orders_table([record]))
    return console.print(views.timeline_table(events))


@orders.command("list")
def list_orders(
    only_open: Annotated[bool, typer.Option("--open", help="Only orders that are not final.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """The orders that changed last."""
    settings = target_settings()
    ledger = _ledger(settings)
    records = ledger.open_orders() if only_open else ledger.recent_orders(limit)
    if as_json:
        return emit([views.order_document(record) for record in records])
    say(describe(settings))
    return console.print(views.orders_table(records))


@kill_switch.command()
def status(as_json: Json = False) -> None:
    """Whether trading is stopped, by whom and why."""
    settings = target_settings()
    _show_switch(settings, _ledger(settings).kill_switch(), as_json)


@kill_switch.command()
def on(
    reason: Annotated[str, typer.Option(help="Why; it is kept.")] = "",
    mode: Annotated[Mode, typer.Option(help="HALT stops all, REDUCE_ONLY lets exits pass.")] = Mode.HALT,
    keep_pending: Annotated[bool, typer.Option("--keep-pending", help="Leave pending orders, which may fill.")] = False,
    close_all: Annotated[bool, typer.Option("--close-all", help="Close every position too; asks first.")] = False,
    yes: flatten.Yes = False,
    as_json: Json = False,
) -> None:
    """Stop trading at once: no order enters SUBMITTING after this. Then cancel what is pending at the broker.

    Exits 1 where something is left at the broker; the switch is on all the same.
    """
    settings = target_settings()
    actions = _actions(mode, keep_pending, close_all)
    if close_all:
        flatten.confirm(Action.CLOSE, settings, yes, as_json)
    wanted = KillSwitch(active=True, mode=mode, reason=reason or "thrown by hand", who=_who())
    thrown = _throw(settings, wanted)
    sending = await_attempts(ledger=_ledger(settings), clock=_clock(settings))
    for record in sending:
        say(f"order {record.order.order_id} was already being sent; it is {record.state} now")
    found = flatten.after_the_switch(actions, settings) if actions else None
    if as_json:
        was_sending = {"was_sending": [views.order_document(record) for record in sending]}
        emit(views.switch_document(thrown) | was_sending | {"broker": flatten.document(found) if found else None})
    else:
        _show_switch(settings, thrown, as_json)
    if found is not None:
        if not as_json:
            flatten.tell(found)
        flatten.exit_unless_complete(found)


@kill_switch.command()
def off(
    reason: Annotated[str, typer.Option(help="Why it is safe to trade again; required.")] = "",
    as_json: Json = False,
) -> None:
    """Release trading; orders that were refused meanwhile stay refused."""
    if not reason.strip():
        rule = "a release needs a person and a reason"
        raise InvalidInput("--reason", reason, rule, 'Example: --reason "fault fixed, books checked".')
    settings = target_settings()
    released = _throw(settings, KillSwitch(active=False, reason=reason, who=_who()))
    _show_switch(settings, released, as_json)


def _actions(mode: Mode, keep_pending: bool, close_all: bool) -> tuple[Action, ...]:
    if close_all and mode is not Mode.HALT:
        rule = "every position can be closed only under HALT, while the desk sends nothing"
        raise InvalidInput("--close-all", mode, rule, "Leave out --mode.")
    return (*(() if keep_pending else (Action.CANCEL,)), *((Action.CLOSE,) if close_all else ()))


def _throw(settings: Settings, wanted: KillSwitch) -> KillSwitch:
    """Writes the switch. Stopping wins over whoever changes it meanwhile; a release from an old look does not."""
    ledger, now = _ledger(settings), _clock(settings).now()
    for _ in range(STOPPING_TRIES if wanted.active else 1):
        try:
            return ledger.set_kill_switch(wanted, ledger.kill_switch().version, now)
        except VersionConflict:
            if not wanted.active:
                raise
    raise VersionConflict("the kill switch changes faster than it can be written; try again at once")


def _show_switch(settings: Settings, switch: KillSwitch, as_json: bool) -> None:
    if as_json:
        return emit(views.switch_document(switch))
    return say(f"{describe(settings)}\n{views.switch_sentence(switch)}")


def _show_sent(order_id: str, message_id: str, record: OrderRecord | None, as_json: bool) -> None:
    if as_json:
        state = views.order_document(record) if record else {"order_id": order_id, "state": None}
        return emit(state | {"message_id": message_id})
    if record is not None:
        return console.print(views.orders_table([record]))
    return say(f"see what becomes of it: axia order show {order_id}")


def _await(ledger: OrderLedger, order_id: str, wait_s: float) -> OrderRecord | None:
    """The order once it needs nothing more of us, or as it is when the time is over."""
    deadline = time.monotonic() + wait_s
    record = ledger.order(order_id)
    while time.monotonic() < deadline and not (record and (record.state.is_final or record.state is State.PLACED)):
        time.sleep(POLL_S)
        record = ledger.order(order_id)
    return record


def _ledger(settings: Settings) -> OrderLedger:
    from axia_core.adapters import dynamodb

    return dynamodb.connect(settings)


def _queue(settings: Settings) -> Any:
    from axia_core.adapters import sqs

    return sqs.connect(settings)


def _clock(settings: Settings) -> SystemClock:
    return SystemClock(settings.clock_shift)


def _who() -> str:
    return getpass.getuser()
