"""Ticks as minutes of one price side; the volume counts ticks, the spread is the narrowest of the minute."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from axia_core.adapters.importers.options import Side
from axia_core.domain.history_rows import Rows

MINUTE_US = 60_000_000


def minutes_of(time_us: NDArray[np.int64], bid: NDArray[Any], ask: NDArray[Any], side: str, file_no: int) -> Rows:
    """Minutes of ticks in ascending order; prices in whole points, half points for the middle."""
    if not len(time_us):
        return Rows.join([])
    bids, asks = bid.astype(np.int64), ask.astype(np.int64)
    price = {Side.BID: bids, Side.ASK: asks}.get(Side(side), (bids + asks) / 2)
    minute = time_us // MINUTE_US
    starts = np.flatnonzero(np.r_[True, np.diff(minute) != 0])
    ends = np.r_[starts[1:], len(minute)] - 1
    prices = [price[starts], np.maximum.reduceat(price, starts), np.minimum.reduceat(price, starts), price[ends]]
    spread = np.maximum(np.minimum.reduceat(asks - bids, starts), 0)
    return Rows.build(minute[starts] * MINUTE_US, prices, ends - starts + 1, starts + 1, spread=spread, file_no=file_no)
