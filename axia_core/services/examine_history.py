"""Examine history files: their rows, whose clock, which scale, which bars; nothing is stored here.

What a form means is the readers', what makes a clock or a scale certain is the domain's; here a series of files is put
together and everything that would make it lie is refused, with the remedy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from axia_core.domain import file_clock
from axia_core.domain.file_clock import ClockFinding, FileClock, contradiction, detect, parse_clock
from axia_core.domain.file_names import STEPS_MIN
from axia_core.domain.found_series import ClockAnswer, FoundSeries
from axia_core.domain.history_rows import FileFacts, Int64s, RefusedRows, Rows
from axia_core.domain.import_rows import settle, step_minutes, unreadable
from axia_core.domain.price_scale import PriceScale, price_scale, scaled
from axia_core.domain.symbols import Symbol
from axia_core.errors import UnreadableHistory
from axia_core.ports import HistoryFile

DAY_MIN = 1440
# Fewer rows than this may lie an unusual distance apart without the name being wrong.
ENOUGH_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a person says of the files; None leaves it to the files."""

    symbols: tuple[str, ...]
    clock: FileClock | None = None
    price_divisor: int | None = None
    step_min: int | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """The series that can be imported, finest first, and the files that cannot be, with the reason."""

    series: tuple[FoundSeries, ...]
    refused: tuple[tuple[str, str], ...]


def examine(files: Iterable[HistoryFile], stated: Stated) -> Examined:
    """Reads every file; one that cannot be trusted does not stop the others."""
    found: list[FoundSeries] = []
    refused: list[tuple[str, str]] = []
    for group in _groups(files):
        try:
            found.append(_series(group, stated, refused))
        except UnreadableHistory as error:
            refused += [(_path(file.facts), str(error)) for file in group]
    found.sort(key=lambda one: (one.symbol.name, one.step_min, one.files))
    return Examined(tuple(found), tuple(refused))


def _groups(files: Iterable[HistoryFile]) -> Iterator[list[HistoryFile]]:
    """Files of one folder that hold the same thing: each alone may be too short to tell its clock."""
    groups: dict[tuple[object, ...], list[HistoryFile]] = {}
    for file in files:
        facts = file.facts
        key = (facts.folder, facts.form, facts.symbol, facts.step_min, facts.side, facts.clock, facts.volume_unit)
        groups.setdefault(key, []).append(file)
    yield from groups.values()


def _series(group: Sequence[HistoryFile], stated: Stated, refused: list[tuple[str, str]]) -> FoundSeries:
    facts = group[0].facts
    symbol = _symbol(facts, stated)
    kept, rows, faults = _read(group, refused)
    times = np.unique(rows.time_us)
    step_min = _step(facts, times, stated)
    answer = _clock(facts, times, step_min, stated)
    scale = _scale(facts, symbol, rows, stated)
    utc = replace(scaled(rows, scale), time_us=answer.clock.to_utc_us(rows.time_us))
    settled = settle(utc, symbol, step_min, kept)
    return FoundSeries(
        facts=facts,
        files=tuple(kept),
        symbol=symbol,
        step_min=step_min,
        clock=answer,
        scale=scale,
        rows=len(rows) + len(faults),
        bars=settled.bars,
        refused=(*faults, *settled.refused),
        refused_bars=settled.refused_bars,
        refused_rows=settled.refused_rows,
    )


def _read(group: Sequence[HistoryFile], refused: list[tuple[str, str]]) -> tuple[list[str], Rows, list[RefusedRows]]:
    kept: list[str] = []
    parts: list[Rows] = []
    faults: list[RefusedRows] = []
    for file in group:
        try:
            rows, wrong = file.read(len(kept))
        except UnreadableHistory as error:
            refused.append((_path(file.facts), str(error)))
            continue
        parts.append(rows)
        faults += unreadable(wrong, file.facts.name)
        kept.append(file.facts.name)
    return kept, Rows.join(parts), faults


def _path(facts: FileFacts) -> str:
    return f"{facts.folder}/{facts.name}"


def _symbol(facts: FileFacts, stated: Stated) -> Symbol:
    if facts.symbol is None:
        raise UnreadableHistory("symbol", facts.name, "neither name nor folder says the pair", "State --symbol USDJPY.")
    if facts.symbol not in stated.symbols:
        rule = f"known symbols are {', '.join(stated.symbols)}"
        raise UnreadableHistory("symbol", facts.symbol, rule, "Add it to the `symbols` setting, or state --symbol.")
    return Symbol(facts.symbol)


def _step(facts: FileFacts, times: Int64s, stated: Stated) -> int:
    said, seen = stated.step_min or facts.step_min, step_minutes(times)
    step_min = said or seen
    if step_min not in STEPS_MIN:
        rule = "bars are of 1, 5, 15, 30 minutes, 1 or 4 hours or a day"
        raise UnreadableHistory("timeframe", f"{step_min} minutes", rule, "State --timeframe, like M1.")
    if said and seen and seen != said and len(times) >= ENOUGH_ROWS:
        rule = f"its rows lie {seen} minutes apart most often"
        raise UnreadableHistory("timeframe", f"{said} minutes", rule, "Rename the file, or state --timeframe.")
    return step_min


def _clock(facts: FileFacts, times: Int64s, step_min: int, stated: Stated) -> ClockAnswer:
    step = timedelta(minutes=step_min)
    form = parse_clock(facts.clock) if facts.clock else None
    if form is not None and stated.clock is not None and form != stated.clock and facts.clock == "UTC":
        rule = f"the file itself states UTC ({facts.form})"
        raise UnreadableHistory("clock", stated.clock.name, rule, "Leave --clock out.")
    known = stated.clock or form
    finding = detect(times, step) if step_min < DAY_MIN else ClockFinding(clock=None, candidates=(), evidence=())
    if known is None:
        return _detected(finding, step_min, len(times))
    if step_min < DAY_MIN and (why := contradiction(known, times, step)):
        raise UnreadableHistory("clock", known.name, why, _remedy(finding))
    how = "stated" if stated.clock is not None else f"fixed by the form ({facts.form})"
    return ClockAnswer(clock=known, how=how, candidates=finding.candidates, evidence=finding.evidence)


def _detected(finding: ClockFinding, step_min: int, rows: int) -> ClockAnswer:
    if not rows:
        return ClockAnswer(clock=file_clock.UTC_CLOCK, how="no rows", candidates=(), evidence=())
    if finding.clock is not None:
        how = "detected from weekend gaps"
        return ClockAnswer(clock=finding.clock, how=how, candidates=finding.candidates, evidence=finding.evidence)
    if step_min >= DAY_MIN:
        rule = "daily bars have no time of day that could tell it; only days cut at the New York close are taken"
    elif not finding.evidence:
        rule = "no weekend gap lies in these files that could tell it"
    else:
        said = "; ".join(map(str, finding.evidence))
        names = ", ".join(clock.name for clock in finding.candidates)
        rule = f"weekend gaps ({said}) leave {'several that differ here: ' + names if names else 'no known clock'}"
    raise UnreadableHistory("clock", "not stated", rule, file_clock.REMEDY)


def _remedy(finding: ClockFinding) -> str:
    names = ", ".join(clock.name for clock in finding.candidates)
    return f"By its weekend gaps the clock is {names}." if names else file_clock.REMEDY


def _scale(facts: FileFacts, symbol: Symbol, rows: Rows, stated: Stated) -> PriceScale:
    if stated.price_divisor is None and facts.integer_prices:
        price_scale(symbol, rows, 10**symbol.digits)
        return PriceScale(10**symbol.digits, f"whole points ({facts.form})")
    return price_scale(symbol, rows, stated.price_divisor)
