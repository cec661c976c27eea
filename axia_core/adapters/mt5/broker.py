"""The Broker port over one MT5 terminal: reads facts, sends one request at most once, searches for its traces.

It decides nothing about an order's fate beyond what the broker said; what cannot be read is an error or Unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from axia_core.adapters.mt5 import building, evidence, trade_parsing
from axia_core.adapters.mt5 import constants as mt5
from axia_core.adapters.mt5.building import CannotBuild, Request
from axia_core.adapters.mt5.calls import Answer, Call
from axia_core.adapters.mt5.evidence import Traces
from axia_core.adapters.mt5.server_clock import ServerClock, is_proved
from axia_core.adapters.mt5.symbols import resolve
from axia_core.adapters.mt5.terminal import Terminal, wall_clock_deadline
from axia_core.domain.broker import (
    Absent,
    Account,
    Booking,
    CannotTell,
    Deal,
    Finding,
    Instrument,
    PendingOrder,
    Position,
    Quote,
    Standing,
)
from axia_core.domain.orders import Action, Order
from axia_core.domain.outcomes import NotSent, Outcome
from axia_core.errors import SourceUnavailable, UnknownSymbol, WrongAccount
from axia_core.ports import Broker, Clock
from axia_core.settings import Settings

FRESH_TICK = timedelta(seconds=60)
TICK_SEEN = timedelta(seconds=1)  # a tick of just now has shown already what the account's would
# For the limits an entry has the account read just before it is sent; the worker looks once more as it sends.
ACCOUNT_SEEN = timedelta(milliseconds=250)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# Deals carry server time, and history arrives late: a search that ends at "now" misses the newest (facts, B2).
SEARCH_MARGIN = timedelta(days=1)
OLDEST_SEARCH = timedelta(days=60)  # older than any message can be: queue 4 days, dead-letter queue 14, ledger 30
_MOVE_NO_BALANCE = frozenset({mt5.BUY, mt5.SELL, mt5.DEAL_CREDIT})

Struct = dict[str, Any]


class Mt5Broker(Broker):
    """Trades through a terminal; asking for the account verifies account and server clock, and a desk asks first."""

    def __init__(self, terminal: Terminal, server_clock: ServerClock, clock: Clock, settings: Settings) -> None:
        self._terminal = terminal
        self._server_clock = server_clock
        self._clock = clock
        self._settings = settings
        self._names: dict[str, str] = {}
        self._symbols: dict[str, Struct] = {}
        self._tick_seen_at = NEVER
        self._account_seen_at = NEVER

    def account(self) -> Account:
        account = self._verified_account()
        if self._clock.now() - self._tick_seen_at > TICK_SEEN:
            self.quote(self._settings.symbols[0])
        return account

    def quote(self, symbol: str) -> Quote:
        return self._quote(self._read("symbol_info_tick", self._name(symbol)))

    def _quote(self, tick: Struct) -> Quote:
        # Raises where the tick contradicts the configured clock: orders by a wrong clock would be searched, expired and
        # judged stale at the wrong times. An old tick proves nothing, and the limits refuse an entry on it.
        is_proved(self._server_clock, tick["time"], self._clock.now())
        self._tick_seen_at = self._clock.now()
        return Quote(
            bid=trade_parsing.decimal(tick["bid"]),
            ask=trade_parsing.decimal(tick["ask"]),
            at=self._server_clock.to_utc(tick["time"]),
        )

    def instrument(self, symbol: str) -> Instrument:
        return trade_parsing.instrument(self._symbol(symbol))

    def positions(self) -> tuple[Position, ...]:
        return _positions(self._read("positions_get"))

    def standing(self, symbol: str) -> Standing:
        calls = (Call("account_info"), Call("positions_get"), Call("symbol_info_tick", (self._name(symbol),)))
        account, positions, tick = map(_result, calls, self._terminal.call_together(*calls))
        return Standing(account=self._verified(account), positions=_positions(positions), quote=self._quote(tick))

    def pending(self) -> tuple[PendingOrder, ...]:
        self._require_connected()
        return tuple(trade_parsing.pending(struct) for struct in self._read("orders_get"))

    def deals(self, since: datetime, until: datetime) -> tuple[Deal, ...]:
        found = self._parsed_deals(self._read("history_deals_get", *self._window(since, until)))
        return tuple(deal for deal in found if since <= deal.at < until)

    def bookings(self, since: datetime, until: datetime) -> tuple[Booking, ...]:
        entries = self._read("history_deals_get", *self._window(since, until))
        rows = [row for row in entries if row["type"] not in _MOVE_NO_BALANCE]
        rows.sort(key=lambda row: (row["time_msc"], row["ticket"]))
        found = (trade_parsing.booking(row, self._server_clock.to_utc(row["time_msc"] / 1000)) for row in rows)
        return tuple(one for one in found if since <= one.at < until)

    def deals_of(self, position: int) -> tuple[Deal, ...]:
        return self._parsed_deals(self._read("history_deals_get", position=position))

    def submit(self, order: Order, send_by: datetime) -> Outcome:
        try:
            self._require_account(order)
            request = self._build(order)
            refused = self._check(order, request)
        except (CannotBuild, UnknownSymbol, ArithmeticError, ValueError) as error:
            return NotSent(f"it cannot be put as a request: {error}", can_wait=False)
        except SourceUnavailable as error:
            return NotSent(str(error))
        if refused is not None:
            return refused
        seconds_left = (send_by - self._clock.now()).total_seconds()
        try:
            answer = self._terminal.send(request, wall_clock_deadline(seconds_left))
        except SourceUnavailable as error:
            return NotSent(str(error))
        return trade_parsing.outcome(order, answer)

    def find(self, order: Order, since: datetime) -> Finding:
        try:
            found = self._find(order, since, self._verified_account())
            # What is there proves itself; only absence needs a terminal that is connected and up to date.
            if isinstance(found, Absent):
                self._require_connection(order.symbol)
        except (SourceUnavailable, UnknownSymbol, ArithmeticError, ValueError) as error:
            return CannotTell(f"the search failed: {error}")
        else:
            return found

    def _require_account(self, order: Order) -> None:
        """A look of just now serves one entry; an exit, which another account's positions would refuse, has its own."""
        if not order.action.is_entry or self._clock.now() - self._account_seen_at > ACCOUNT_SEEN:
            self._verified_account()
        self._account_seen_at = NEVER

    def _verified_account(self) -> Account:
        """Looked at before every use: in another account there is neither a position to close nor a trace to find."""
        return self._verified(self._read("account_info"))

    def _verified(self, struct: Struct) -> Account:
        self._account_seen_at = NEVER
        account = trade_parsing.account(struct)
        wanted = (self._settings.mt5_login, self._settings.mt5_server, self._settings.account)
        found = (account.login, account.server, "demo" if account.demo else "live")
        if found != wanted:
            raise WrongAccount(f"the terminal is at {found}, the settings say {wanted}: nothing will be sent")
        self._account_seen_at = self._clock.now()
        return account

    def _build(self, order: Order) -> Request:
        build: dict[Action, Callable[[Order], Request]] = {
            Action.CLOSE: self._build_close,
            Action.CANCEL: self._build_cancel,
            Action.MODIFY: self._build_modify,
        }
        return build.get(order.action, self._build_entry)(order)

    def _build_entry(self, order: Order) -> Request:
        instrument, quote = self.instrument(order.symbol), self.quote(order.symbol)
        if order.kind.is_pending:
            expiration = self._server_clock.to_server(order.expires_at) if order.expires_at else None
            return building.pending_entry(order, instrument, quote, expiration)
        filling = self._filling(order.symbol)
        return building.market_entry(order, instrument, quote, filling, self._settings.deviation_points)

    def _build_close(self, order: Order) -> Request:
        position = self._target_position(order)
        if position is None:
            raise CannotBuild(self._why_no_position(order))
        return building.close(
            order,
            self.instrument(order.symbol),
            position,
            self.quote(order.symbol),
            self._filling(order.symbol),
            self._settings.deviation_points,
        )

    def _why_no_position(self, order: Order) -> str:
        """On a netting account an order that added to a position has none of its own ticket."""
        text = f"there is no open {order.symbol} position with ticket {order.mt5_ticket}"
        found = (trade_parsing.position(struct) for struct in self._read("positions_get"))
        held = next((one for one in found if one.symbol == self._name(order.symbol)), None)
        if held is None or self._verified_account().hedging:
            return text
        what = f"on this netting account {order.symbol} has one position, {held.ticket} of {held.lots} lots"
        return f"{text}: {what}; send a CLOSE with mt5_ticket {held.ticket} and the lot_size that is to go"

    def _build_cancel(self, order: Order) -> Request:
        self._target_pending(order)
        return building.cancel(order)

    def _build_modify(self, order: Order) -> Request:
        instrument = self.instrument(order.symbol)
        position = self._target_position(order)
        if position is None:
            return building.modify_pending(order, self._target_pending(order), instrument)
        if order.entry_price is not None:
            raise CannotBuild(f"{order.mt5_ticket} is a position: its entry price is history and cannot be moved")
        return building.modify_position(order, position, instrument)

    def _target_pending(self, order: Order) -> Struct:
        found = self._read("orders_get", ticket=order.mt5_ticket)
        pending = [struct for struct in found if struct["symbol"] == self._name(order.symbol)]
        if not pending:
            raise CannotBuild(f"there is no pending {order.symbol} order with ticket {order.mt5_ticket}")
        return dict(pending[0])

    def _check(self, order: Order, request: Request) -> Outcome | None:
        """The terminal's own check of an entry, before it is sent; None when it has nothing against it."""
        if not order.action.is_entry:
            return None
        checked = self._read("order_check", request)
        if checked["retcode"] in (0, 10009):
            return None
        return trade_parsing.refused_by_check(checked)

    def _find(self, order: Order, since: datetime, account: Account) -> Finding:
        """CANCEL and MODIFY carry no magic: what became of them is read from what they acted on."""
        pending = self._read("orders_get", ticket=order.mt5_ticket) if not _carries_magic(order) else ()
        if order.action is Action.CANCEL:
            return evidence.of_cancel(order, pending, self._read("history_orders_get", ticket=order.mt5_ticket))
        if order.action is Action.MODIFY:
            targets = (*pending, *self._read("positions_get", ticket=order.mt5_ticket))
            return evidence.of_modify(order, targets, self.instrument(order.symbol))
        traces = self._traces(order, since, account.hedging)
        return evidence.of_order(order, traces, self.instrument(order.symbol).lots_step) or Absent()

    def _traces(self, order: Order, since: datetime, hedging: bool) -> Traces:
        """Read in the order in which an order moves, so that one that moves meanwhile is seen at least once."""
        oldest = max(since, self._clock.now() - OLDEST_SEARCH) - SEARCH_MARGIN
        window = (
            self._server_clock.to_server(oldest),
            self._server_clock.to_server(self._clock.now() + SEARCH_MARGIN),
        )
        return Traces(
            pending=self._carrying(order, "orders_get"),
            positions=self._carrying(order, "positions_get") if hedging else (),
            history=self._carrying(order, "history_orders_get", *window),
            deals=self._carrying(order, "history_deals_get", *window),
        )

    def _carrying(self, order: Order, name: str, *args: Any) -> list[Struct]:
        """Rows that carry the order's magic: 48 bits of its id, which is certain enough without the symbol."""
        return [row for row in self._read(name, *args) if row["magic"] == order.magic]

    def _target_position(self, order: Order) -> Position | None:
        found = self._read("positions_get", ticket=order.mt5_ticket)
        positions = [trade_parsing.position(struct) for struct in found]
        return next((one for one in positions if one.symbol == self._name(order.symbol)), None)

    def _require_connection(self, symbol: str) -> None:
        """Absence proves nothing unless the terminal is connected and, in an open market, its ticks are fresh."""
        self._require_connected()
        age = abs(self._clock.now() - self.quote(symbol).at)
        if age > FRESH_TICK:
            raise SourceUnavailable(f"the newest {symbol} tick is {age.total_seconds():.0f} s away from now")

    def _parsed_deals(self, structs: Iterable[Struct]) -> tuple[Deal, ...]:
        """Deposits, credits and charges stand among the deals and are none."""
        trades = [struct for struct in structs if struct["type"] in (mt5.BUY, mt5.SELL)]
        trades.sort(key=lambda struct: (struct["time_msc"], struct["ticket"]))
        return tuple(
            trade_parsing.deal(struct, self._server_clock.to_utc(struct["time_msc"] / 1000)) for struct in trades
        )

    def _window(self, since: datetime, until: datetime) -> tuple[int, int]:
        """Server seconds; MT5 knows no time before 1970."""
        return max(0, self._server_clock.to_server(since)), self._server_clock.to_server(until) + 1

    def _require_connected(self) -> None:
        if not self._read("terminal_info")["connected"]:
            raise SourceUnavailable("the terminal has no connection to the trade server")

    def _filling(self, symbol: str) -> int:
        struct = self._symbol(symbol)
        return building.deal_filling(struct["filling_mode"], struct["trade_exemode"])

    def _symbol(self, symbol: str) -> Struct:
        """The symbol's properties, read once per connection: those used here do not change while it trades."""
        if symbol not in self._symbols:
            self._symbols[symbol] = self._read("symbol_info", self._name(symbol))
        return self._symbols[symbol]

    def _name(self, symbol: str) -> str:
        if symbol not in self._names:
            self._names[symbol] = resolve(self._terminal, symbol, self._settings.mt5_symbol_names)
        return self._names[symbol]

    def _read(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """A reading call that must answer; raises SourceUnavailable with the terminal's own words."""
        result, error = self._terminal.call(name, *args, **kwargs)
        return _answered(name, result, error)


def _result(call: Call, answer: Answer) -> Any:
    return _answered(call.name, answer.result, answer.error)


def _answered(name: str, result: Any, error: tuple[int, str]) -> Any:
    if result is None:
        code, text = error
        raise SourceUnavailable(f"{name} was not answered: {text} ({code})")
    return result


def _positions(structs: Iterable[Struct]) -> tuple[Position, ...]:
    return tuple(trade_parsing.position(struct) for struct in structs)


def _carries_magic(order: Order) -> bool:
    return order.action not in (Action.CANCEL, Action.MODIFY)
