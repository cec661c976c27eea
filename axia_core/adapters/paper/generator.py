"""Prices made up from a seed: the same seed gives the same bars, at any time, in any order, in any process.

Each currency has a value, a sum of noise over time; a pair is the ratio of two, so crosses agree with their legs. The
market is open by the session calendar and has a bar in every five minutes of it. Spread and server time are `market`'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from axia_core.adapters.paper.bars import Bars, Floats, Ints, concat, empty
from axia_core.adapters.paper.clock import DAY_S, SESSION_CLOCK, from_s
from axia_core.domain import sessions
from axia_core.domain.symbols import Symbol
from axia_core.errors import InvalidInput

Hashes = NDArray[np.uint64]

BASE_S = 300
FIRST_DAY = date(2000, 1, 3)

_USD_VALUES = {"USD": 1.0, "EUR": 1.10, "GBP": 1.27, "AUD": 0.66, "NZD": 0.60, "CAD": 0.73, "CHF": 1.13}
_USD_VALUES |= {"JPY": 1 / 150, "SEK": 0.095, "NOK": 0.093, "SGD": 0.74, "HKD": 0.128, "MXN": 0.055, "ZAR": 0.055}
_PERIODS_S = 450.0 * 4.0 ** np.arange(9)
_AMPLITUDES = 0.004 * np.sqrt(_PERIODS_S / DAY_S)
_FAST = _PERIODS_S < 4 * 3_600
# By hour of the session clock (0 is the New York close): Tokyo from 2, London from 10, New York from 15 to 23.
_ACTIVITY = np.array([3, 4, 6, 9, 9, 7, 6, 5, 6, 9, 14, 14, 12, 10, 10, 15, 18, 18, 15, 11, 8, 6, 5, 3, 3]) / 10
_CHUNK_DAYS = 64


@dataclass(frozen=True, slots=True)
class Generator:
    """A price source (see `market.PriceSource`) that needs no data."""

    seed: int
    pairs: tuple[str, ...]

    def __post_init__(self) -> None:
        for pair in self.pairs:
            unknown = {Symbol(pair).base, Symbol(pair).quote} - set(_USD_VALUES)
            if unknown:
                rule = f"the generator has no value for {', '.join(sorted(unknown))}"
                raise InvalidInput("symbols", pair, rule, f"It knows {', '.join(_USD_VALUES)}.")

    def base_s(self, pair: str) -> int:
        """Length of a base bar."""
        return BASE_S

    def first_s(self, pair: str) -> int:
        """UTC open of the oldest bar."""
        return int(sessions.session(FIRST_DAY).open.timestamp())

    def base_bars(self, pair: str, first_s: int, end_s: int) -> Bars:
        """The base bars that open in `[first_s, end_s)`, with UTC times."""
        first_s = max(first_s, self.first_s(pair))
        return concat([self._bars_at(pair, *opens) for opens in _open_times(first_s, end_s)])

    def last_bar(self, pair: str, at_s: int) -> Bars:
        """The newest base bar that opened at or before *at_s*: the forming one while the market is open."""
        if not sessions.is_open(from_s(at_s)):
            at_s = int(sessions.session(sessions.last_closed_trading_days(from_s(at_s), 1)[0]).close.timestamp()) - 1
        if at_s < self.first_s(pair):
            return empty()
        open_s = np.array([at_s // BASE_S * BASE_S], dtype=np.int64)
        return self._bars_at(pair, open_s, SESSION_CLOCK.array_to_server_s(open_s))

    def _bars_at(self, pair: str, utc_s: Ints, session_s: Ints) -> Bars:
        symbol = Symbol(pair)
        nodes = np.concatenate((session_s, session_s + BASE_S))
        # Every node is computed from its own time alone, so neighbouring requests meet at the same price.
        price: Floats = np.exp(self._log_value(symbol.base, nodes) - self._log_value(symbol.quote, nodes))
        price = np.round(price, symbol.digits)
        first, last = price[: len(utc_s)], price[len(utc_s) :]
        up, down, ticks = (_unit(_hash(session_s // BASE_S, self._salt(pair, i))) for i in range(3))
        activity = _activity(session_s)
        high = np.round(np.maximum(first, last) * (1 + 0.00015 * activity * up**2), symbol.digits)
        low = np.round(np.minimum(first, last) * (1 - 0.00015 * activity * down**2), symbol.digits)
        volume = (60 + activity * 400 * (0.4 + 0.6 * ticks)).astype(np.int64)
        return Bars(utc_s, first, high, low, last, volume)

    def _log_value(self, currency: str, session_s: Ints) -> Floats:
        if currency == "USD":
            return np.zeros(len(session_s))
        phase = session_s / _PERIODS_S[:, None]
        cell = np.floor(phase)
        fraction = phase - cell
        blend = fraction * fraction * (3 - 2 * fraction)
        salts = np.array([self._salt(currency, i) for i in range(len(_PERIODS_S))], dtype=np.uint64)[:, None]
        left, right = (2 * _unit(_hash(cell.astype(np.int64) + i, salts)) - 1 for i in (0, 1))
        noise = (left + (right - left) * blend) * _AMPLITUDES[:, None]
        noise[_FAST] *= _activity(session_s)
        total: Floats = noise.sum(axis=0) + np.log(_USD_VALUES[currency])
        return total

    def _salt(self, name: str, index: int) -> np.uint64:
        digest = hashlib.blake2b(f"{self.seed}/{name}/{index}".encode(), digest_size=8).digest()
        return np.uint64(int.from_bytes(digest, "little"))


def _open_times(first_s: int, end_s: int) -> Iterator[tuple[Ints, Ints]]:
    """UTC and session-clock times of the base bars in a window, a few weeks at a time (memory)."""
    if first_s >= end_s:
        return
    day = SESSION_CLOCK.to_server_s(first_s) // DAY_S
    last_day = SESSION_CLOCK.to_server_s(end_s) // DAY_S
    while day <= last_day:
        days = range(day, min(day + _CHUNK_DAYS, last_day + 1))
        yield _open_times_of(days, first_s, end_s)
        day += _CHUNK_DAYS


def _open_times_of(days: range, first_s: int, end_s: int) -> tuple[Ints, Ints]:
    dates = [date(1970, 1, 1) + timedelta(days=day) for day in days]
    dates = [day for day in dates if sessions.is_trading_day(day)]
    opens = np.array([int(sessions.session(day).open.timestamp()) for day in dates], dtype=np.int64)
    starts = np.array([(day - date(1970, 1, 1)).days * DAY_S for day in dates], dtype=np.int64)
    steps = np.arange(0, DAY_S, BASE_S, dtype=np.int64)
    utc_s, session_s = (opens[:, None] + steps).ravel(), (starts[:, None] + steps).ravel()
    inside = (utc_s >= first_s) & (utc_s < end_s)
    return utc_s[inside], session_s[inside]


def _activity(session_s: Ints) -> Floats:
    return np.interp(session_s % DAY_S / 3_600, np.arange(25), _ACTIVITY)


def _hash(number: Ints, salt: Hashes | np.uint64) -> Hashes:
    """splitmix64 of each number under a salt: a random table of any size that needs no memory."""
    with np.errstate(over="ignore"):
        z = number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + salt
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: Hashes = z ^ (z >> np.uint64(31))
    return mixed


def _unit(hashes: Hashes) -> Floats:
    scaled: Floats = (hashes >> np.uint64(11)).astype(np.float64) / float(1 << 53)
    return scaled
