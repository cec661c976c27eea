"""How two versions of the same bars differ, and whether the newer may be believed. Who keeps which is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from axia_core.domain.bars import Bars

_PRICES = ("open", "high", "low", "close")
# A correction loses a bar here and there; one that loses more than every tenth is an answer that is not whole.
LEAST_SHARE_KEPT = 0.9
# Pairs of ten thousand pips and a spread of fifty (USDMXN) differ by more pips between two honest sources.
DOUBTFUL_SHARE_OF_PRICE = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a newer version adds to, removes from and changes in an older one; deviations are of any price, in pips."""

    added: int
    removed: int
    changed: int
    median_pips: float
    largest_pips: float
    largest_at: datetime | None

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def __str__(self) -> str:
        rows = f"{self.added} rows added, {self.removed} removed, {self.changed} changed"
        if self.largest_at is None:
            return rows
        return f"{rows}, largest deviation {self.largest_pips:g} pips at {self.largest_at:%Y-%m-%dT%H:%MZ}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """What a stored revision took the place of, kept with the revision itself."""

    source: str
    provisional: bool
    digest: str
    difference: Difference


def difference(older: Bars, newer: Bars) -> Difference:
    """What it takes to get from *older* to *newer*, two versions of one stretch of a series."""
    from axia_core.domain.bars import instant

    _, old, new = np.intersect1d(older.time_us, newer.time_us, assume_unique=True, return_indices=True)
    pips = _deviations(older, newer, old, new)
    largest = int(np.argmax(pips)) if len(pips) else 0
    deviates = bool(len(pips)) and pips[largest] > 0
    return Difference(
        added=len(newer) - len(new),
        removed=len(older) - len(old),
        changed=int(np.count_nonzero(_unequal(older, newer, old, new))),
        median_pips=round(float(np.median(pips)), 2) if len(pips) else 0.0,
        largest_pips=round(float(pips[largest]), 2) if deviates else 0.0,
        largest_at=instant(int(older.time_us[old[largest]])) if deviates else None,
    )


def doubt(older: Bars, newer: Bars, found: Difference, limit_pips: float) -> str:
    """Why *newer* should not replace *older* unseen, or nothing: many bars lost, or typical prices far away.

    *limit_pips* gives way to a twentieth of a percent of the price where that is more.
    """
    if len(newer) < len(older) * LEAST_SHARE_KEPT:
        return f"it has {len(newer)} bars and the stored one {len(older)}"
    allowed = max(limit_pips, _price(older) * DOUBTFUL_SHARE_OF_PRICE / float(older.symbol.pip))
    if found.median_pips > allowed:
        return f"its prices typically lie {found.median_pips:g} pips away, and {allowed:.1f} are allowed"
    return ""


def _deviations(older: Bars, newer: Bars, old: NDArray[np.intp], new: NDArray[np.intp]) -> NDArray[np.float64]:
    apart = [np.abs(getattr(newer, name)[new] - getattr(older, name)[old]) for name in _PRICES]
    result: NDArray[np.float64] = np.max(apart, axis=0) / float(older.symbol.pip)
    return result


def _unequal(older: Bars, newer: Bars, old: NDArray[np.intp], new: NDArray[np.intp]) -> NDArray[np.bool_]:
    befores, afters = older.columns(), newer.columns()
    result: NDArray[np.bool_] = np.any([befores[name][old] != afters[name][new] for name in befores], axis=0)
    return result


def _price(bars: Bars) -> float:
    return float(np.median(bars.close)) if len(bars) else 0.0
