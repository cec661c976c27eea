"""Stored days that lie in an archive class: whether they can be read now. Asking for them is a port's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class ArchiveState(StrEnum):
    """How far the way back from the archive has come."""

    ARCHIVED = "archived"
    RESTORING = "being restored"
    RESTORED = "restored"  # a copy can be read until it expires


class RestoreSpeed(StrEnum):
    """How soon, by the names S3 gives it: from a deep archive Standard takes up to 12 hours, Bulk up to 48."""

    STANDARD = "Standard"
    BULK = "Bulk"
    EXPEDITED = "Expedited"


@dataclass(frozen=True, slots=True)
class ArchivedDay:
    """One day of a series that lies in an archive class; *until* is when a restored copy ends."""

    trading_date: date
    state: ArchiveState
    until: datetime | None = None

    @property
    def is_readable(self) -> bool:
        return self.state is ArchiveState.RESTORED
