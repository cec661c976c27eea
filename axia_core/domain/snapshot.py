"""A snapshot of the trading side: account, book and quotes as a desk saw them a moment ago. Values and their JSON form.

Whoever may not call the broker reads it, and judges by its time how far to trust it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from axia_core.domain.broker import Account, Instrument, PendingOrder, Position, Quote
from axia_core.errors import CorruptObject

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What one round of a desk saw; a symbol that the broker does not quote is missing from both mappings."""

    at: datetime
    account_kind: str  # demo | live
    account: Account
    positions: tuple[Position, ...] = ()
    pending: tuple[PendingOrder, ...] = ()
    quotes: Mapping[str, Quote] = field(default_factory=lambda: MappingProxyType({}))
    instruments: Mapping[str, Instrument] = field(default_factory=lambda: MappingProxyType({}))


def to_json(snapshot: Snapshot) -> str:
    """The snapshot as compact JSON: decimals and times as text."""
    document = {
        "schema": SCHEMA,
        "at": snapshot.at.isoformat(),
        "account_kind": snapshot.account_kind,
        "account": _plain(snapshot.account),
        "positions": [_plain(one) for one in snapshot.positions],
        "pending": [_plain(one) for one in snapshot.pending],
        "quotes": {name: _plain(one) for name, one in snapshot.quotes.items()},
        "instruments": {name: _plain(one) for name, one in snapshot.instruments.items()},
    }
    return json.dumps(document, separators=(",", ":"))


def from_json(text: str) -> Snapshot:
    """The inverse of `to_json`; raises CorruptObject, also for a snapshot that a newer version wrote."""
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']}, and this version reads {SCHEMA}")
        return Snapshot(
            at=datetime.fromisoformat(document["at"]),
            account_kind=document["account_kind"],
            account=Account(**_read(Account, document["account"])),
            positions=tuple(Position(**_read(Position, one)) for one in document["positions"]),
            pending=tuple(PendingOrder(**_read(PendingOrder, one)) for one in document["pending"]),
            quotes={name: Quote(**_read(Quote, one)) for name, one in document["quotes"].items()},
            instruments={name: Instrument(**_read(Instrument, one)) for name, one in document["instruments"].items()},
        )
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise CorruptObject(f"the snapshot of the trading side cannot be read: {error!r}") from error


def _plain(value: Any) -> dict[str, Any]:
    return {one.name: _text(getattr(value, one.name)) for one in fields(value)}


def _text(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) else value


_READERS: tuple[tuple[str, Callable[[Any], object]], ...] = (
    ("Decimal", Decimal),
    ("datetime", datetime.fromisoformat),
)


def _read(kind: type, document: dict[str, Any]) -> dict[str, Any]:
    """The values of *kind*'s fields, turned back by the type each is declared with."""
    declared = {one.name: str(one.type) for one in fields(kind)}
    return {name: _value(declared[name], value) for name, value in document.items()}


def _value(declared: str, value: Any) -> object:
    reader = next((read for name, read in _READERS if declared.startswith(name)), None)
    return value if reader is None or value is None else reader(value)
