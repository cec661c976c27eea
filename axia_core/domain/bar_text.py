"""Bars written as text: which columns a file has, and its lines as rows. Pure; opening files is an adapter's business.

Known forms: MetaTrader 5's "Export bars" (tab-separated, <DATE> <TIME> <OPEN> ...), any CSV with a header that names
time and prices, Dukascopy's ("Gmt time"), HistData's ASCII and MetaTrader forms (no header).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from axia_core.domain.bars import NO_SPREAD
from axia_core.domain.history_rows import Floats, Int64s, RowFault, Rows
from axia_core.domain.written_times import EXAMPLES, is_bare_date, parse_time
from axia_core.errors import UnreadableHistory

PRICE_NAMES = ("open", "high", "low", "close")
HEADER_RULE = "a header names a time (or date and time), open, high, low and close"
EXPORT_HEADER = "<DATE> <TIME> <OPEN> <HIGH> <LOW> <CLOSE> <TICKVOL> <VOL> <SPREAD>"

_ALIASES = {
    "time": ("time", "datetime", "timestamp", "timestamp_utc", "gmt time", "utc", "local time", "date time"),
    "date": ("date", "day"),
    "open": ("open", "o", "bidopen", "bid_open"),
    "high": ("high", "h", "bidhigh", "bid_high"),
    "low": ("low", "l", "bidlow", "bid_low"),
    "close": ("close", "c", "bidclose", "bid_close"),
    # An export has ticks and the real volume; ticks are what AXIA counts.
    "volume": ("tickvol", "tick_volume", "tick volume", "volume", "vol", "v", "tickqty"),
    "spread": ("spread",),
}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HISTDATA = re.compile(r"\d{8} \d{6};")
_HEADERLESS = re.compile(r"\d{4}\.\d\d\.\d\d,\d\d:\d\d(:\d\d)?,")


class TextForm(StrEnum):
    """Who wrote a text file, as the source of what is imported names it."""

    MT5_EXPORT = "mt5-export"
    MT4_CSV = "mt4-csv"
    HISTDATA = "histdata"
    DUKASCOPY = "dukascopy-csv"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a text file keeps what; `clock` is the one that the form itself states, if any."""

    form: TextForm
    delimiter: str
    time: tuple[int, ...]
    prices: tuple[int, int, int, int]
    volume: int | None
    spread: int | None
    fields: int
    header: str = ""
    clock: str = ""
    side: str = ""
    has_time_of_day: bool = True


def encoding_of(head: bytes) -> str:
    """The encoding that a text file's first bytes tell; some builds of the MT5 terminal export UTF-16."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")


def is_content(line: str) -> bool:
    """Whether a line is neither empty nor a comment."""
    return bool(line.strip()) and not line.startswith("#")


def recognise(lines: Sequence[str]) -> Layout:
    """The layout of a file that begins with these content lines; raises UnreadableHistory."""
    if not lines:
        raise UnreadableHistory("file", "", "it holds no bar", "Give a file with rows.")
    if _HISTDATA.match(lines[0]):
        return _plain(TextForm.HISTDATA, ";", (0,), clock="UTC-5", side="bid")
    if _HEADERLESS.match(lines[0]):
        return _plain(TextForm.MT4_CSV, ",", (0, 1), side="bid")
    layout = _by_header(lines[0])
    return _with_first_row(layout, lines[1]) if len(lines) > 1 else layout


def named_columns(columns: Sequence[str]) -> dict[str, str]:
    """Which column holds what: time, open, high, low, close and, where there are some, volume and spread."""
    plain = [name.strip().lower() for name in columns]
    found = {role: _index(plain, aliases) for role, aliases in _ALIASES.items()}
    # A Parquet file keeps time and date in one column.
    found["time"] = found["time"] if found["time"] is not None else found.pop("date")
    return {role: columns[index] for role, index in found.items() if index is not None and role != "date"}


def parse_rows(numbered: Iterable[tuple[int, str]], layout: Layout, file_no: int = 0) -> tuple[Rows, list[RowFault]]:
    """Content lines as rows, and what is wrong with those that are none."""
    split = [(number, text.rstrip("\r\n").split(layout.delimiter)) for number, text in numbered]
    faults: list[RowFault] = []
    try:
        times, columns = _columns(layout, [fields for _, fields in split])
    except _Faulty:
        # Most pieces of a file have no fault, and are read by columns; this one is looked at line by line.
        split, faults = _sound(layout, split)
        times, columns = _columns(layout, [fields for _, fields in split])
    lines = np.array([number for number, _ in split], dtype=np.int64)
    rows = Rows.build(times, columns[:4], columns[4], lines, spread=columns[5], file_no=file_no)
    return rows, faults


def _sound(
    layout: Layout, split: Iterable[tuple[int, list[str]]]
) -> tuple[list[tuple[int, list[str]]], list[RowFault]]:
    """The lines that are rows, and the faults of the others."""
    sound: list[tuple[int, list[str]]] = []
    faults: list[RowFault] = []
    for number, fields in split:
        try:
            _columns(layout, [fields])
        except _Faulty as fault:
            faults.append(RowFault(number, *fault.args))
        else:
            sound.append((number, fields))
    return sound, faults


def _columns(layout: Layout, rows: Sequence[list[str]]) -> tuple[Int64s, list[Floats]]:
    """Times, four prices, volumes and spreads; raises _Faulty for the first line that is no row."""
    for fields in rows:
        if len(fields) != layout.fields:
            raise _Faulty("row", layout.delimiter.join(fields), f"a row has {layout.fields} fields")
    times = np.array([_time_us(layout, fields) for fields in rows], dtype=np.int64)
    prices = [_numbers(rows, *one) for one in zip(PRICE_NAMES, layout.prices, strict=True)]
    volume = _numbers(rows, "volume", layout.volume) if layout.volume is not None else np.zeros(len(rows))
    spread = np.full(len(rows), float(NO_SPREAD))
    if layout.spread is not None:
        spread = _numbers(rows, "spread", layout.spread)
    return times, [*prices, volume, spread]


class _Faulty(Exception):
    """Field, value, rule and remedy of a line that is no row."""


def _plain(form: TextForm, delimiter: str, time: tuple[int, ...], *, clock: str = "", side: str = "") -> Layout:
    first = len(time)
    prices = (first, first + 1, first + 2, first + 3)
    return Layout(
        form=form,
        delimiter=delimiter,
        time=time,
        prices=prices,
        volume=first + 4,
        spread=None,
        fields=first + 5,
        clock=clock,
        side=side,
    )


def _by_header(header: str) -> Layout:
    header = header.strip("\r\n")
    delimiter = max("\t;,", key=header.count)
    names = [name.strip().strip('"<>').lower() for name in header.split(delimiter)]
    found = {role: _index(names, aliases) for role, aliases in _ALIASES.items()}
    time, prices = _time_columns(found), [found[name] for name in PRICE_NAMES]
    if not time or None in prices:
        remedy = f"Like time,open,high,low,close,volume or {EXPORT_HEADER}."
        raise UnreadableHistory("header", header, HEADER_RULE, remedy)
    form = _form(header, names)
    return Layout(
        form=form,
        delimiter=delimiter,
        time=time,
        prices=(prices[0] or 0, prices[1] or 0, prices[2] or 0, prices[3] or 0),
        volume=found["volume"],
        spread=found["spread"],
        fields=len(names),
        header=header,
        clock="UTC" if form is TextForm.DUKASCOPY or "timestamp_utc" in names or "utc" in names else "",
        side="bid" if form is TextForm.MT5_EXPORT or any(name.startswith("bid") for name in names) else "",
        has_time_of_day=form is not TextForm.MT5_EXPORT or "time" in names,
    )


def _index(names: Sequence[str], aliases: Sequence[str]) -> int | None:
    return next((names.index(alias) for alias in aliases if alias in names), None)


def _time_columns(found: dict[str, int | None]) -> tuple[int, ...]:
    return tuple(index for index in (found["date"], found["time"]) if index is not None)


def _form(header: str, names: Sequence[str]) -> TextForm:
    if header.startswith("<"):
        return TextForm.MT5_EXPORT
    return TextForm.DUKASCOPY if names[0] in ("gmt time", "utc") else TextForm.CSV


def _with_first_row(layout: Layout, line: str) -> Layout:
    """What the form of the first time adds: a zone of its own means UTC, a bare date has no time of day."""
    fields = line.rstrip("\r\n").split(layout.delimiter)
    if len(fields) != layout.fields:
        return layout
    try:
        _, zoned = parse_time(_time_text(layout, fields))
    except ValueError:
        return layout
    bare = is_bare_date(_time_text(layout, fields))
    return replace(layout, clock="UTC" if zoned else layout.clock, has_time_of_day=not bare)


def _time_text(layout: Layout, fields: Sequence[str]) -> str:
    return " ".join(fields[index].strip().strip('"') for index in layout.time)


def _time_us(layout: Layout, fields: Sequence[str]) -> int:
    text = _time_text(layout, fields)
    try:
        time_us, zoned = parse_time(text)
    except ValueError as error:
        raise _Faulty("time", text, f"it is no time ({error})", EXAMPLES) from error
    if layout.clock == "UTC" and not zoned and layout.form is TextForm.CSV and "utc" not in layout.header.lower():
        raise _Faulty("time", text, "a time without a zone is ambiguous", "Append Z if it is UTC.")
    if zoned and layout.clock != "UTC":
        raise _Faulty("time", text, "it states a zone and other rows do not", "Write all times alike.")
    return time_us


def _numbers(rows: Sequence[list[str]], name: str, index: int) -> Floats:
    """One column; raises _Faulty for its first field that is no number of its kind."""
    try:
        values = np.array([float(fields[index]) for fields in rows], dtype=np.float64)
    except ValueError as error:
        raise _Faulty(name, rows[0][index], "it is not a number") from error
    is_price = name in PRICE_NAMES
    good = np.isfinite(values) & ((values > 0) if is_price else (values >= 0))
    if not good.all():
        rule = "a price is a finite number above zero" if is_price else f"a {name} is zero or more"
        raise _Faulty(name, rows[int(np.argmin(good))][index], rule)
    return values
