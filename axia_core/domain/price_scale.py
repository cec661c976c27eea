"""Whether a file's prices are those of its pair: plausible ranges, and prices kept as integers (112674: 112.674)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from axia_core.domain.history_rows import Floats, Rows
from axia_core.domain.symbols import Symbol
from axia_core.errors import UnreadableHistory

# Each spans one power of ten and holds all that these pairs have traded at since 1999, so one scale at most fits.
YEN_RANGE = (40.0, 400.0)
MAJOR_RANGE = (0.35, 3.5)
MAJORS = frozenset({"AUD", "CAD", "CHF", "EUR", "GBP", "NZD", "USD"})
NOISE = 1e-6
SCALES = tuple(10**power for power in range(8))


@dataclass(frozen=True, slots=True)
class PriceScale:
    """What prices of a file are divided by, and how that is known."""

    divisor: int
    how: str


def plausible_range(symbol: Symbol) -> tuple[float, float] | None:
    """What a price of the pair may be; None for pairs that nobody has told us about."""
    if symbol.base not in MAJORS:
        return None
    if symbol.quote == "JPY":
        return YEN_RANGE
    return MAJOR_RANGE if symbol.quote in MAJORS else None


def price_scale(symbol: Symbol, rows: Rows, stated: int | None = None) -> PriceScale:
    """The scale of these rows' prices; raises UnreadableHistory where no scale makes them prices of the pair."""
    if not len(rows):
        return PriceScale(stated or 1, "no rows")
    typical = float(np.median(rows.close))
    limits = plausible_range(symbol)
    if stated is not None:
        _check(symbol, typical / stated, limits, stated)
        return PriceScale(stated, "stated")
    if limits is None or limits[0] <= typical < limits[1]:
        return PriceScale(1, "prices as they are" if limits else "prices as they are: the pair's range is not known")
    whole = all(bool(np.all(abs(price - np.rint(price)) < NOISE)) for price in _prices(rows))
    fitting = [scale for scale in SCALES if whole and limits[0] <= typical / scale < limits[1]]
    if not fitting:
        _check(symbol, typical, limits, 1)
    how = f"all prices are whole numbers around {typical:.0f}, and {symbol} lies in {_text(limits)}"
    return PriceScale(fitting[0], how)


def scaled(rows: Rows, scale: PriceScale) -> Rows:
    """The rows with their prices divided."""
    if scale.divisor == 1:
        return rows
    first, high, low, last = (_without_noise(price) / scale.divisor for price in _prices(rows))
    return replace(rows, open=first, high=high, low=low, close=last)


def _prices(rows: Rows) -> tuple[Floats, ...]:
    return rows.open, rows.high, rows.low, rows.close


def _without_noise(price: Floats) -> Floats:
    """Whole numbers that a program multiplied into place (131071.99999999999) as whole numbers; halves stay halves."""
    whole = np.rint(price)
    return np.where(abs(price - whole) < NOISE, whole, price)


def _check(symbol: Symbol, typical: float, limits: tuple[float, float] | None, divisor: int) -> None:
    if limits is None or limits[0] <= typical < limits[1]:
        return
    by = f" after dividing by {divisor}" if divisor != 1 else ""
    rule = f"prices of {symbol} lie in {_text(limits)}, and these are around {typical:g}{by}"
    raise UnreadableHistory("prices", f"{typical:g}", rule, "State --symbol or --price-scale (112674 needs 1000).")


def _text(limits: tuple[float, float]) -> str:
    return f"{limits[0]:g} to {limits[1]:g}"
