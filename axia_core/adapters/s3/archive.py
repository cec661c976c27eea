"""Partitions in an archive class: which they are, and asking S3 to restore them.

S3 says nothing of it until an object is looked at, so the reads look only after one of them was refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from re import search
from typing import Any

from axia_core.aws import error_code, translated
from axia_core.domain import names
from axia_core.domain.archive import ArchivedDay, ArchiveState, RestoreSpeed
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.ports import ArchivedBars

ASKERS = 16
# GLACIER_IR is none of them: it is read like any other.
ARCHIVE_CLASSES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
# Asked for already, or nothing to restore: S3 and its emulators have one code each for the latter.
HARMLESS = frozenset({"RestoreAlreadyInProgress", "ObjectAlreadyInActiveTierError", "InvalidObjectState"})


class S3ArchivedBars(ArchivedBars):
    """Partitions under `names.object_key`, whatever class they lie in."""

    _s3: Any
    _bucket: str

    def archived(self, symbol: Symbol, timeframe: Timeframe, days: Sequence[date]) -> tuple[ArchivedDay, ...]:
        if not days:
            return ()
        with ThreadPoolExecutor(min(ASKERS, len(days))) as pool:
            found = list(pool.map(lambda day: self._archived_day(symbol, timeframe, day), days))
        return tuple(day for day in found if day)

    def restore(
        self, symbol: Symbol, timeframe: Timeframe, trading_date: date, keep_days: int, speed: RestoreSpeed
    ) -> None:
        from botocore.exceptions import ClientError

        key = names.object_key(symbol, timeframe, trading_date)
        wanted = {"Days": keep_days, "GlacierJobParameters": {"Tier": speed.value}}
        with translated(f"restoring s3://{self._bucket}/{key}"):
            try:
                self._s3.restore_object(Bucket=self._bucket, Key=key, RestoreRequest=wanted)
            except ClientError as error:
                if error_code(error) not in HARMLESS:
                    raise

    def _archived_day(self, symbol: Symbol, timeframe: Timeframe, day: date) -> ArchivedDay | None:
        from botocore.exceptions import ClientError

        key = names.object_key(symbol, timeframe, day)
        with translated(f"looking at s3://{self._bucket}/{key}"):
            try:
                seen = self._s3.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error_code(error) in ABSENT:
                    return None
                raise
        return state_of(day, seen)


def state_of(day: date, seen: dict[str, Any]) -> ArchivedDay | None:
    """What a HeadObject answer says; None for an object that can be read at any time."""
    tiered = seen.get("ArchiveStatus")  # of INTELLIGENT_TIERING, which keeps its class
    if seen.get("StorageClass") not in ARCHIVE_CLASSES and not tiered:
        return None
    told = str(seen.get("Restore") or "")
    if 'ongoing-request="true"' in told:
        return ArchivedDay(day, ArchiveState.RESTORING)
    if 'ongoing-request="false"' in told:
        return ArchivedDay(day, ArchiveState.RESTORED, _expiry(told))
    return ArchivedDay(day, ArchiveState.ARCHIVED)


def _expiry(told: str) -> datetime | None:
    match = search(r'expiry-date="([^"]+)"', told)
    return None if match is None else parsedate_to_datetime(match[1]).astimezone(UTC)
