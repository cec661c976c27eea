"""The price file: what a unit of each service costs, since when that is known, and from where."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from axia_core.errors import InvalidInput

FILE = Path(__file__).with_name("prices.toml")
HOURS = 730.0


@dataclass(frozen=True)
class Price:
    """One price in USD."""

    usd: float
    unit: str
    read: date
    source: str


@dataclass(frozen=True)
class Prices:
    """Every price by its name."""

    known: Mapping[str, Price]

    def __getitem__(self, name: str) -> float:
        return self.known[name].usd

    @property
    def oldest(self) -> date:
        """The day of the oldest price."""
        return min(price.read for price in self.known.values())

    @property
    def from_memory(self) -> tuple[str, ...]:
        """The prices that nobody has read anywhere."""
        return tuple(name for name, price in self.known.items() if "memory" in price.source)


def read(file: Path = FILE) -> Prices:
    """The prices in a file; raises InvalidInput when it cannot be read or a price lacks something."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        return Prices({name: Price(**fields) for name, fields in document.items()})
    except (OSError, ValueError, TypeError) as error:
        raise InvalidInput("prices", str(file), f"it cannot be read: {error}") from error
