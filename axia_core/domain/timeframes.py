"""The five bar lengths AXIA collects. Nothing about sessions or storage."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from axia_core.errors import UnknownTimeframe


class Timeframe(StrEnum):
    """A bar length; every one divides the 24-hour session evenly."""

    M5 = "M5"
    M15 = "M15"
    H1 = "H1"
    H4 = "H4"
    D1 = "D1"

    @property
    def minutes(self) -> int:
        return _MINUTES[self]

    @property
    def duration(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    @property
    def bars_per_session(self) -> int:
        """288, 96, 24, 6 or 1: the same on every trading day of the year."""
        return 24 * 60 // self.minutes

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """The timeframe called *text*; raises UnknownTimeframe."""
        try:
            return cls(text.upper())
        except ValueError as error:
            known = ", ".join(cls)
            raise UnknownTimeframe("timeframe", text, f"known timeframes are {known}", "Use one of those.") from error


_MINUTES = {Timeframe.M5: 5, Timeframe.M15: 15, Timeframe.H1: 60, Timeframe.H4: 240, Timeframe.D1: 1440}
