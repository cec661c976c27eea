"""What the MetaTrader5 module exports besides functions: constants, struct types and the two numpy dtypes.

All of it is built from `mt5_api.json`, which was read out of a real wheel, so a new wheel shows as a changed file.
Nothing here knows an account, a price or a folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

API: dict[str, Any] = json.loads(Path(__file__).with_name("mt5_api.json").read_text(encoding="utf-8"))
VERSION: str = API["version"]
CONSTANTS: dict[str, int] = API["constants"]


class Struct(tuple[Any, ...]):
    """A tuple with named attributes as a C struct sequence is: no `_fields`, no `_replace`, no assignment."""

    __slots__ = ()
    n_fields: ClassVar[int]
    n_sequence_fields: ClassVar[int]
    n_unnamed_fields: ClassVar[int] = 0
    __match_args__: ClassVar[tuple[str, ...]]

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __new__(cls, sequence: Iterable[Any]) -> Self:
        values = tuple(sequence)
        if len(values) != cls.n_fields:
            given = f"({len(values)}-sequence given)"
            raise TypeError(f"{cls.__name__}() takes a {cls.n_fields}-sequence {given}")
        return super().__new__(cls, values)

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """The struct whose fields are looked up by name in *values*; a missing one is a KeyError."""
        return cls(values[name] for name in cls.__match_args__)

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self.__match_args__, self, strict=True))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
        return f"{type(self).__name__}({inside})"


def _struct(name: str, fields: list[str]) -> type[Struct]:
    members: dict[str, Any] = {field: property(itemgetter(i)) for i, field in enumerate(fields)}
    # The wheel's types carry no module in their name, so Python files them under builtins and cannot pickle them.
    members |= {"__slots__": (), "__module__": "builtins", "__match_args__": tuple(fields)}
    members |= {"n_fields": len(fields), "n_sequence_fields": len(fields)}
    return type(name, (Struct,), members)


STRUCTS: dict[str, type[Struct]] = {name: _struct(name, fields) for name, fields in API["structs"].items()}
Tick = STRUCTS["Tick"]
TradePosition = STRUCTS["TradePosition"]
TradeOrder = STRUCTS["TradeOrder"]
TradeDeal = STRUCTS["TradeDeal"]
TradeRequest = STRUCTS["TradeRequest"]
OrderSendResult = STRUCTS["OrderSendResult"]
OrderCheckResult = STRUCTS["OrderCheckResult"]
TerminalInfo = STRUCTS["TerminalInfo"]
AccountInfo = STRUCTS["AccountInfo"]
SymbolInfo = STRUCTS["SymbolInfo"]
BookInfo = STRUCTS["BookInfo"]

RATES_DTYPE = np.dtype([(name, kind) for name, kind, _ in API["rates_dtype"]])
TICKS_DTYPE = np.dtype([(name, kind) for name, kind, _ in API["ticks_dtype"]])
