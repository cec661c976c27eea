"""What the cache must not hold: trading days whose bars are certainly wrong. Doubtful ones pass, the checks show them.

A reader of the cache trades on it, so a day that is left out (and is said to be missing by `load`) does less harm than
one whose prices are of another scale. Judged per day, so that a bad day of a series keeps nothing else stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from axia_core.domain.bars import Bars, price_faults
from axia_core.domain.quality import Code, Finding, QualityRules, Severity
from axia_core.domain.quality_series import daily_findings, day_of_rows, flat, levels, near_level, spikes
from axia_core.domain.session_index import trading_date


@dataclass(frozen=True, slots=True)
class Fit:
    """The days of a series that may be cached, oldest first, and why the others are left out."""

    days: tuple[Bars, ...]
    left_out: tuple[Finding, ...]

    @property
    def trading_date(self) -> date | None:
        """The newest trading date that may be cached."""
        return trading_date(int(day_of_rows(self.days[-1])[-1])) if self.days else None


def fit_for_cache(days: Sequence[Bars], rules: QualityRules | None = None) -> Fit:
    """Parts days of one series, given oldest first, by whether an ERROR is found in them."""
    rules = rules or QualityRules()
    days = [day for day in days if len(day)]
    if not days:
        return Fit((), ())
    errors = [one for one in _certain(Bars.join(days), rules) if one.severity is Severity.ERROR]
    return Fit(tuple(day for day in days if not any(_lies_in(one, day) for one in errors)), tuple(errors))


def _certain(bars: Bars, rules: QualityRules) -> list[Finding]:
    faults = np.any(list(price_faults(bars).values()), axis=0)
    said = "{n} bars do not hold together"
    sound = bars.take(~faults)
    near = near_level(sound, rules)
    others = (*flat(near, rules), *spikes(near, rules), *levels(sound, rules))
    return [*daily_findings(Code.INCOHERENT, Severity.ERROR, bars, faults, said), *others]


def _lies_in(finding: Finding, day: Bars) -> bool:
    return len(day.between(finding.start, finding.end)) > 0
