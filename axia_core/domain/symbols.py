"""FX pairs as the desk names them: base, quote, digits, point and pip. Broker suffixes belong to the MT5 edge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from axia_core.errors import UnknownSymbol

DEFAULT_SYMBOLS = ("AUDUSD", "EURJPY", "EURUSD", "GBPJPY", "GBPUSD", "USDCAD", "USDCHF", "USDJPY")

_PAIR = re.compile(r"[A-Z]{6}")


@dataclass(frozen=True, slots=True)
class Symbol:
    """One FX pair, for example `Symbol("USDJPY")`: a price of it is an amount of `quote` for one unit of `base`."""

    name: str

    def __post_init__(self) -> None:
        if not _PAIR.fullmatch(self.name):
            raise UnknownSymbol("symbol", self.name, "a pair is six capital letters", "Write it like USDJPY.")

    @property
    def base(self) -> str:
        return self.name[:3]

    @property
    def quote(self) -> str:
        return self.name[3:]

    @property
    def digits(self) -> int:
        """Decimal places of a quoted price: 3 against the yen, 5 otherwise."""
        return 3 if self.quote == "JPY" else 5

    @property
    def point(self) -> Decimal:
        """The smallest price step."""
        return Decimal(1).scaleb(-self.digits)

    @property
    def pip(self) -> Decimal:
        """Ten points."""
        return self.point * 10

    def __str__(self) -> str:
        return self.name


def parse_symbol(text: str, known: tuple[str, ...] = DEFAULT_SYMBOLS) -> Symbol:
    """The pair called *text* if it is one of *known*; raises UnknownSymbol."""
    if text not in known:
        remedy = "Add it to the `symbols` setting, or use one of those."
        raise UnknownSymbol("symbol", text, f"known symbols are {', '.join(known)}", remedy)
    return Symbol(text)
