"""What an import found and did, as a document for `--json` and as tables for people. No calls, no decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table

from axia_core.domain.bars import Bars, instant
from axia_core.domain.found_series import FoundSeries
from axia_core.domain.history_rows import RefusedRows
from axia_core.services.import_history import Fate, Planned

Document = dict[str, Any]
SHOWN_FILES = 3
SHOWN_REASONS = 4


class Tally:
    """Counts partitions of an import as they are planned or written."""

    def __init__(self) -> None:
        self.fates: dict[tuple[str, str], Counter[Fate]] = {}
        self.complete: Counter[tuple[str, str]] = Counter()
        self.kept: Counter[str] = Counter()
        self.written: set[tuple[str, str]] = set()

    def add(self, planned: Planned) -> Planned:
        """Counts one and hands it on."""
        truth = planned.truth
        key = truth.symbol.name, truth.timeframe.value
        self.fates.setdefault(key, Counter())[planned.fate] += 1
        self.complete[key] += truth.complete
        if planned.why:
            self.kept[planned.why] += 1
        if planned.fate.writes:
            self.written.add(key)
        return planned

    @property
    def writes(self) -> int:
        """Partitions that are written."""
        return sum(count for fates in self.fates.values() for fate, count in fates.items() if fate.writes)

    def documents(self) -> list[Document]:
        """One document for each series of the store."""
        return [
            {
                "symbol": symbol,
                "timeframe": timeframe,
                "days": sum(fates.values()),
                "complete_days": self.complete[symbol, timeframe],
                **{fate.value: fates[fate] for fate in Fate},
            }
            for (symbol, timeframe), fates in self.fates.items()
        ]


def series_document(series: FoundSeries, source: str) -> Document:
    """One series of files with everything that was found of it, every row that was not taken included."""
    return {
        "files": list(series.files),
        "folder": series.facts.folder,
        "format": series.facts.form,
        "encoding": series.facts.encoding,
        "symbol": series.symbol.name,
        "minutes": series.step_min,
        "builds": series.bars.timeframe,
        "source": source,
        "side": series.side,
        "volume": series.facts.volume_unit,
        "clock": _clock_document(series),
        "price_divisor": series.scale.divisor,
        "price_scale_how": series.scale.how,
        "rows": series.rows,
        "bars": len(series.bars),
        "first": instant(int(series.bars.time_us[0])) if len(series.bars) else None,
        "last": instant(int(series.bars.time_us[-1])) if len(series.bars) else None,
        "refused_rows": sum(run.count for run in series.refused),
        "refused": [_refused_document(run) for run in series.refused],
    }


def _clock_document(series: FoundSeries) -> Document:
    answer = series.clock
    evidence = [
        {
            "regime": one.regime,
            "offset_h": one.offset_h,
            "weekends": one.weekends,
            "agreeing": one.agreeing,
            "late_open_h": one.late_open_h,
        }
        for one in answer.evidence
    ]
    candidates = [clock.name for clock in answer.candidates]
    return {"name": answer.clock.name, "how": answer.how, "same_times_as": candidates, "evidence": evidence}


def _refused_document(run: RefusedRows) -> Document:
    return {
        "file": run.file,
        "first_line": run.first_line,
        "last_line": run.last_line,
        "rows": run.count,
        "at": run.at,
        "reason": run.reason,
    }


def overlaps(found: Sequence[FoundSeries]) -> list[str]:
    """Series of different files that give the same bars, in words: a person may have meant only one of them."""
    pairs = ((one, other) for at, one in enumerate(found) for other in found[at + 1 :])
    return [
        f"{one.symbol} {one.bars.timeframe} is in {_files(one.files)} and in {_files(other.files)} "
        f"({one.facts.folder} and {other.facts.folder}): where both have a day, the first counts"
        for one, other in pairs
        if (one.symbol, one.bars.timeframe) == (other.symbol, other.bars.timeframe) and _overlap(one.bars, other.bars)
    ]


def _overlap(one: Bars, other: Bars) -> bool:
    if not len(one) or not len(other):
        return False
    return bool(one.time_us[0] <= other.time_us[-1] and other.time_us[0] <= one.time_us[-1])


def refused_document(refused: Iterable[tuple[str, str]]) -> list[Document]:
    """Files that were not taken."""
    return [{"file": file, "reason": reason} for file, reason in refused]


def series_table(series: FoundSeries, source: str) -> Table:
    """One series of files for a person."""
    table = Table(title=f"{series.symbol}, {series.step_min} min rows: {_files(series.files)}", show_header=False)
    facts, answer = series.facts, series.clock
    table.add_row("format", f"{facts.form} {facts.encoding}".strip() + f", kept as {source}")
    table.add_row("clock", f"{answer.clock}: {answer.how}")
    for one in answer.evidence:
        table.add_row("", str(one))
    others = [clock.name for clock in answer.candidates if clock != answer.clock]
    if others:
        table.add_row("", f"in this stretch the same times as {', '.join(others)}")
    table.add_row("prices", f"{series.side}, divided by {series.scale.divisor}: {series.scale.how}")
    table.add_row("volume", facts.volume_unit)
    table.add_row("rows", f"{series.rows}, of which {sum(run.count for run in series.refused)} not taken")
    for reason, count in _reasons(series.refused):
        table.add_row("", f"{count} x {reason}")
    if len(series.bars):
        first, last = (instant(int(series.bars.time_us[row])) for row in (0, -1))
        table.add_row(
            "bars", f"{len(series.bars)} {series.bars.timeframe}, {first:%Y-%m-%d %H:%M} to {last:%F %H:%M} UTC"
        )
    return table


def _files(files: Sequence[str]) -> str:
    return ", ".join(files[:SHOWN_FILES]) + (
        f" and {len(files) - SHOWN_FILES} more" if len(files) > SHOWN_FILES else ""
    )


def _reasons(refused: Iterable[RefusedRows]) -> list[tuple[str, int]]:
    counted: Counter[str] = Counter()
    for run in refused:
        counted[run.reason] += run.count
    most = counted.most_common(SHOWN_REASONS)
    rest = sum(counted.values()) - sum(count for _, count in most)
    return [*most, ("other reasons (--json lists every row)", rest)] if rest else most


def partitions_table(tally: Tally, done: bool) -> Table:
    """What becomes of the store."""
    title = "Partitions" if done else "Partitions that would be written"
    table = Table("series", "days", "complete", *(fate.value for fate in Fate), title=title)
    for one in tally.documents():
        counts = [one["days"], one["complete_days"], *(one[fate.value] for fate in Fate)]
        table.add_row(f"{one['symbol']} {one['timeframe']}", *(str(count) for count in counts))
    return table


def grouped(refused: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Reasons with the files that they concern, for people."""
    files: dict[str, list[str]] = {}
    for file, reason in refused:
        files.setdefault(reason, []).append(file)
    return [(_files(names), reason) for reason, names in files.items()]
