"""A drill's report as plain values for JSON, and back: what is stored in S3 and what `axia drill --json` prints."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from axia_core.domain.drill import Difference, Drill, DrillReport, Environment, Heartbeat, Result, Step

SCHEMA = 1
UNKNOWN = "unknown"

Document = dict[str, Any]


def to_document(report: DrillReport) -> Document:
    """Figures in seconds, or the word `unknown`; beside them always where they were measured."""
    beat = report.heartbeat
    return {
        "schema": SCHEMA,
        "name": report.drill.value,
        "drill_id": report.drill_id,
        "environment": report.environment.value,
        "declared_at": report.declared_at.isoformat(),
        "result": report.result.value,
        "reason": report.reason,
        "rpo_s": seconds(report.rpo),
        "rto_s": seconds(report.rto),
        "heartbeat": {"at": beat.at.isoformat(), "item": beat.item} if beat else None,
        "items_compared": report.items_compared,
        "differences": [{"item": one.item, "what": one.what} for one in report.differences],
        "steps": [_step(step) for step in report.steps],
        "human_steps": list(report.human_steps),
        "notes": list(report.notes),
    }


def from_document(document: Document) -> DrillReport:
    """The inverse of `to_document`; raises KeyError, TypeError, ValueError where it is none."""
    if document["schema"] != SCHEMA:
        raise ValueError(f"schema {document['schema']}, and this version reads {SCHEMA}")
    beat = document["heartbeat"]
    return DrillReport(
        drill=Drill(document["name"]),
        drill_id=str(document["drill_id"]),
        environment=Environment(document["environment"]),
        declared_at=datetime.fromisoformat(document["declared_at"]),
        result=Result(document["result"]),
        reason=str(document["reason"]),
        rpo=_figure(document["rpo_s"]),
        rto=_figure(document["rto_s"]),
        heartbeat=Heartbeat(datetime.fromisoformat(beat["at"]), str(beat["item"])) if beat else None,
        items_compared=int(document["items_compared"]),
        differences=tuple(Difference(**one) for one in document["differences"]),
        steps=tuple(Step(**one) for one in document["steps"]),
        notes=tuple(map(str, document["notes"])),
    )


def seconds(figure: timedelta | None) -> float | str:
    """A figure to the millisecond, or `unknown`."""
    return UNKNOWN if figure is None else round(figure.total_seconds(), 3)


def _step(step: Step) -> Document:
    return {
        "name": step.name,
        "seconds": round(step.seconds, 3),
        "ok": step.ok,
        "detail": step.detail,
        "human": step.human,
    }


def _figure(value: float | str) -> timedelta | None:
    return None if value == UNKNOWN else timedelta(seconds=float(value))
