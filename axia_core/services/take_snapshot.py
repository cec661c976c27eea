"""Take a snapshot of the trading side for those who may not call the broker. It sends nothing and moves nothing."""

from __future__ import annotations

from collections.abc import Mapping

from axia_core.domain.broker import Instrument, Quote
from axia_core.domain.snapshot import Snapshot
from axia_core.errors import AxiaError
from axia_core.ports import Broker, Clock


def take_snapshot(
    instruments: Mapping[str, Instrument], symbols: tuple[str, ...], *, broker: Broker, clock: Clock
) -> Snapshot:
    """Account, positions, pending orders and quotes as they are now; *instruments* are those known from before.

    A symbol that cannot be quoted is left out. Raises what the broker raises for the rest.
    """
    account = broker.account()
    quotes = {symbol: quote for symbol in symbols if (quote := _quote(broker, symbol)) is not None}
    return Snapshot(
        at=clock.now(),
        account_kind="demo" if account.demo else "live",
        account=account,
        positions=broker.positions(),
        pending=broker.pending(),
        quotes=quotes,
        instruments=instruments,
    )


def take_instruments(symbols: tuple[str, ...], *, broker: Broker) -> dict[str, Instrument]:
    """How each symbol may be traded; one that cannot be told is left out."""
    found: dict[str, Instrument] = {}
    for symbol in symbols:
        try:
            found[symbol] = broker.instrument(symbol)
        except AxiaError:
            continue
    return found


def _quote(broker: Broker, symbol: str) -> Quote | None:
    try:
        return broker.quote(symbol)
    except AxiaError:
        return None
