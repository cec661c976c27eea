"""A partition's truth as JSON: whole inside the Parquet file, short enough for the object's user metadata.

Pure functions; which object they belong to is `store`'s business. The forms are documented in docs/data.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from axia_core.domain.bars import PartitionTruth, RefusedBar
from axia_core.domain.differences import Difference, Replaced
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe

SCHEMA_VERSION = 1
# S3 allows 2 KB for all user metadata, names included; digest and fingerprint need 150 bytes of it.
LONGEST_HEADER = 1_600
SHOWN = 5
_ENCODER = json.JSONEncoder(separators=(",", ":"), sort_keys=True)  # ASCII: S3 metadata travels in headers


def to_json(truth: PartitionTruth) -> str:
    """The whole truth, always the same text for the same truth."""
    return _dump(_document(truth))


def from_json(text: str) -> PartitionTruth:
    """The inverse of `to_json`; raises ValueError, KeyError or TypeError for anything else."""
    said = json.loads(text)
    if said["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"schema version {said['schema_version']} is not {SCHEMA_VERSION}")
    return PartitionTruth(
        symbol=Symbol(said["symbol"]),
        timeframe=Timeframe(said["timeframe"]),
        trading_date=date.fromisoformat(said["trading_date"]),
        source=said["source"],
        provisional=said["provisional"],
        expected=said["expected"],
        actual=said["actual"],
        gaps=tuple(datetime.fromisoformat(at) for at in said["gaps"]),
        refused=tuple(RefusedBar(datetime.fromisoformat(bar["at"]), bar["reason"]) for bar in said["refused"]),
        digest=said["digest"],
        replaced=_replaced(said["replaced"]) if "replaced" in said else None,
    )


def fingerprint(truth: PartitionTruth) -> str:
    """SHA-256 of the truth and content digest: equal exactly when a write would change nothing.

    What the revision took the place of is left out: the same bars again are the same write.
    """
    return hashlib.sha256(to_json(replace(truth, replaced=None)).encode()).hexdigest()


def to_metadata(truth: PartitionTruth) -> dict[str, str]:
    """User metadata for an object; a truth too long for it shows its first gaps and refusals, and all counts."""
    document = _document(truth)
    text = _dump(document)
    told = {"digest": truth.digest, "fingerprint": fingerprint(truth), "truth": text}
    if len(text) > LONGEST_HEADER:
        document |= {"gaps": document["gaps"][:SHOWN], "refused": document["refused"][:SHOWN], "shortened": True}
        told["truth"] = _dump(document)
    return told


def from_metadata(metadata: Mapping[str, str]) -> PartitionTruth | None:
    """The truth that user metadata tells, or None when only the object itself tells all of it."""
    text = metadata.get("truth", "{}")
    if not metadata.get("fingerprint") or json.loads(text).get("shortened"):
        return None
    return from_json(text)


def _document(truth: PartitionTruth) -> dict[str, Any]:
    before = {} if truth.replaced is None else {"replaced": _replaced_document(truth.replaced)}
    return before | {
        "schema_version": SCHEMA_VERSION,
        "symbol": truth.symbol.name,
        "timeframe": truth.timeframe.value,
        "trading_date": truth.trading_date.isoformat(),
        "source": truth.source,
        "provisional": truth.provisional,
        "expected": truth.expected,
        "actual": truth.actual,
        "gap_count": len(truth.gaps),
        "gaps": [at.isoformat() for at in truth.gaps],
        "refused_count": len(truth.refused),
        "refused": [{"at": bar.at.isoformat(), "reason": bar.reason} for bar in truth.refused],
        "digest": truth.digest,
    }


def _replaced_document(replaced: Replaced) -> dict[str, Any]:
    said = asdict(replaced)
    at = replaced.difference.largest_at
    said["difference"]["largest_at"] = at and at.isoformat()
    return said


def _replaced(said: dict[str, Any]) -> Replaced:
    at = said["difference"]["largest_at"]
    found = said["difference"] | {"largest_at": at and datetime.fromisoformat(at)}
    return Replaced(**(said | {"difference": Difference(**found)}))


def _dump(document: dict[str, Any]) -> str:
    return _ENCODER.encode(document)
