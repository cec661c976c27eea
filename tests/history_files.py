"""Tiny history files as other programs write them, from bars of our own. No fixtures here."""

from __future__ import annotations

import lzma
import struct
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from axia_core.domain.bars import Bars, instant
from axia_core.domain.file_clock import FileClock, parse_clock
from axia_core.domain.sessions import session, trading_days
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from tests.bar_examples import USDJPY, many_sessions

EXPORT_HEADER = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"
# Both daylight-saving switches of spring: America's on March 8th, Europe's on the 29th.
SPRING = date(2026, 2, 16), date(2026, 4, 24)


def spring_bars(timeframe: Timeframe = Timeframe.H1, symbol: Symbol = USDJPY) -> Bars:
    """Every bar from before America's switch to after Europe's."""
    return many_sessions(timeframe, *SPRING, symbol)


def wall(clock: str | FileClock, at: datetime) -> datetime:
    """What a clock shows at an instant."""
    shown = parse_clock(clock) if isinstance(clock, str) else clock
    return (at + shown.offset(at)).replace(tzinfo=None)


def walls(bars: Bars, clock: str | FileClock) -> list[datetime]:
    return [wall(clock, instant(int(time_us))) for time_us in bars.time_us]


def export_lines(bars: Bars, clock: str, *, real_volume: bool = True) -> list[str]:
    """MT5's "Export bars"."""
    digits = bars.symbol.digits
    header = EXPORT_HEADER if real_volume else EXPORT_HEADER.replace("\t<VOL>", "")
    lines = [header]
    for row, at in enumerate(walls(bars, clock)):
        prices = "\t".join(f"{getattr(bars, name)[row]:.{digits}f}" for name in ("open", "high", "low", "close"))
        volume = f"{bars.volume[row]}\t0" if real_volume else f"{bars.volume[row]}"
        lines.append(f"{at:%Y.%m.%d\t%H:%M:%S}\t{prices}\t{volume}\t{bars.spread[row]}")
    return lines


def write_text(file: Path, lines: Iterable[str], encoding: str = "utf-8") -> Path:
    """A text file with Windows line ends, as these programs write them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes("".join(f"{line}\r\n" for line in lines).encode(encoding))
    return file


def minutes(symbol: Symbol, opened: datetime, count: int, price: float = 1.1) -> list[tuple[datetime, list[float]]]:
    """Minutes from an instant on, each with open, high, low, close."""
    points = float(symbol.point)
    return [
        (opened + timedelta(minutes=i), [round(price + k * points, 5) for k in (i, i + 3, i - 2, i + 1)])
        for i in range(count)
    ]


def write_candles_bi5(file: Path, rows: Sequence[tuple[int, Sequence[int], float]]) -> Path:
    """A day of Dukascopy minutes: second of the day, open, high, low, close in points, volume."""
    packed = b"".join(struct.pack(">IIIIIf", s, o, c, low, h, v) for s, (o, h, low, c), v in rows)
    return _write_bytes(file, lzma.compress(packed, format=lzma.FORMAT_ALONE))


def write_ticks_bi5(file: Path, ticks: Sequence[tuple[int, int, int]]) -> Path:
    """An hour of Dukascopy ticks: milliseconds, ask and bid in points."""
    packed = b"".join(struct.pack(">IIIff", ms, ask, bid, 1.0, 1.0) for ms, ask, bid in ticks)
    return _write_bytes(file, lzma.compress(packed, format=lzma.FORMAT_ALONE))


def write_lean_zip(folder: Path, day: date, lines: Sequence[str], pair: str = "eurusd") -> Path:
    """A day of QuantConnect's minutes."""
    file = folder / f"{day:%Y%m%d}_quote.zip"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr(f"{day:%Y%m%d}_{pair}_minute_quote.csv", "\n".join(lines) + "\n")
    return file


def _write_bytes(file: Path, content: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def opens_of(first: date, last: date, step: timedelta) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """UTC microseconds of every step of the open market."""
    found: list[datetime] = []
    for day in trading_days(first, last):
        opened = session(day)
        found += [opened.open + i * step for i in range(int(timedelta(days=1) / step))]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return np.array([(at - epoch) // timedelta(microseconds=1) for at in found], dtype=np.int64)
