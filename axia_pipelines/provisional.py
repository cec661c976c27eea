"""Which partitions Dagster has recorded as provisional and not yet as final, carried on from tick to tick in a cursor.

House rule: reads recorded events, and tells people when the first begins to wait and when none does any more; what it
misses (written without Dagster) the healing run finds itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import dagster as dg

from axia_core.domain.events import EventType, Severity
from axia_core.domain.source_policy import MT5, SourcePolicy
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.ports import Events
from axia_pipelines.assets.ohlcv import ohlcv_key

COMPONENT = "collection"
PAGE = 500
PAGES = 10  # a tick must end within a minute; a backfill's events are worked off by the next ticks


@dataclass(frozen=True)
class Waiting:
    """Provisional partitions as `H1|2026-07-03|USDJPY`, and up to which event of each timeframe they are known."""

    partitions: frozenset[str] = frozenset()
    known_to: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, cursor: str | None) -> Waiting:
        """The inverse of `text`; nothing at the first tick."""
        if not cursor:
            return cls()
        said = json.loads(cursor)
        return cls(frozenset(said["partitions"]), said["known_to"])

    def text(self) -> str:
        """As a cursor."""
        return json.dumps({"partitions": sorted(self.partitions), "known_to": dict(self.known_to)})

    def updated(self, instance: dg.DagsterInstance, oldest: datetime) -> Waiting:
        """What waits after the events recorded since, days before *oldest* left out."""
        partitions, known_to = set(self.partitions), dict(self.known_to)
        for timeframe in Timeframe:
            for record in _new_records(instance, timeframe, known_to.get(timeframe), oldest):
                known_to[timeframe] = record.storage_id
                key = f"{timeframe}|{record.partition_key}"
                (partitions.add if _is_provisional(record) else partitions.discard)(key)
        first = oldest.date().isoformat()
        return Waiting(frozenset(key for key in partitions if key.split("|")[1] >= first), known_to)


def tell(before: Waiting, now: Waiting, policy: SourcePolicy, events: Events) -> None:
    """Once when another source has stepped in for MT5, whatever it concerns; and once when nothing waits any more."""
    waited, waits = _stand_ins(before, policy), _stand_ins(now, policy)
    if waits and not waited:
        text = f"{len(waits)} partitions came from another source, because MT5 did not answer: {_listed(waits)}"
        text += "; they are read again until MT5 answers"
        events.publish(EventType.SOURCE_DEGRADED, Severity.WARNING, COMPONENT, text, partitions=str(len(waits)))
    elif waited and not waits:
        text = f"no partition waits for MT5 any more; at last there were {len(waited)}"
        events.publish(EventType.SOURCE_DEGRADED, Severity.RECOVERED, COMPONENT, text, partitions="0")


def _stand_ins(waiting: Waiting, policy: SourcePolicy) -> list[str]:
    """Those of a series whose first source is MT5; another policy's are provisional for good."""
    found = []
    for key in sorted(waiting.partitions):
        timeframe, _, symbol = key.split("|")
        if policy.of(Symbol(symbol), Timeframe(timeframe))[0] == MT5:
            found.append(key)
    return found


def _listed(keys: list[str]) -> str:
    return ", ".join(keys[:5]) + (", ..." if len(keys) > 5 else "")


def _new_records(
    instance: dg.DagsterInstance, timeframe: Timeframe, known_to: int | None, oldest: datetime
) -> Iterator[dg.EventLogRecord]:
    """Events after the known ones; at the first tick those since *oldest*, because the whole history may be long."""
    for _ in range(PAGES):
        chosen = dg.AssetRecordsFilter(
            ohlcv_key(timeframe),
            after_storage_id=known_to,
            after_timestamp=None if known_to else oldest.timestamp(),
        )
        records = instance.fetch_materializations(chosen, limit=PAGE, ascending=True).records
        yield from records
        if len(records) < PAGE:
            return
        known_to = records[-1].storage_id


def _is_provisional(record: dg.EventLogRecord) -> bool:
    event = record.asset_materialization
    told = event.metadata.get("provisional") if event else None
    return bool(told is not None and told.value)
