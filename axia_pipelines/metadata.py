"""What operators see of a partition or an order in the Dagster UI.

House rule: from domain values to metadata, pure. The same names everywhere; a number stays a number, because the UI
plots it.
https://docs.dagster.io/guides/build/assets/metadata-and-tags
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg

from axia_core.domain import names
from axia_core.domain.cached_series import CacheStatus
from axia_core.domain.order_states import OrderRecord

if TYPE_CHECKING:
    # Annotations only: the values drag numpy in, which the desk and the code server do without.
    from axia_core.domain.bars import PartitionTruth
    from axia_core.services.collect import Collected

Metadata = dict[str, dg.MetadataValue]
ORDERS = dg.AssetKey("orders")
_SHOWN = 10  # gaps and refused bars listed by time; more than that is only counted


def partition_metadata(truth: PartitionTruth, bucket: str) -> Metadata:
    """One stored trading day of a series."""
    key = names.object_key(truth.symbol, truth.timeframe, truth.trading_date)
    gaps = [_minute(at) for at in truth.gaps]
    refused = [f"{_minute(bar.at)} {bar.reason}" for bar in truth.refused]
    return {
        "rows": dg.MetadataValue.int(truth.actual),
        "expected": dg.MetadataValue.int(truth.expected),
        "gaps": dg.MetadataValue.int(len(gaps)),
        "refused": dg.MetadataValue.int(len(refused)),
        "complete": dg.MetadataValue.bool(truth.complete),
        "source": dg.MetadataValue.text(truth.source),
        "provisional": dg.MetadataValue.bool(truth.provisional),
        **({"gaps_at": _listed(gaps)} if gaps else {}),
        **({"refused_bars": _listed(refused)} if refused else {}),
        "dagster/uri": dg.MetadataValue.text(f"s3://{bucket}/{key}"),
        "dagster/partition_row_count": dg.MetadataValue.int(truth.actual),
        "digest": dg.MetadataValue.text(truth.digest),
    }


def collected_metadata(collected: Collected, bucket: str, picture: str = "") -> Metadata:
    """One trading day as a run left it: what it is, what the run did, and what the stored revision changed.

    *picture* is Markdown; it comes first, because a person looks at it first.
    """
    shown = {"candles": dg.MetadataValue.md(picture)} if picture else {}
    metadata = {**shown, **partition_metadata(collected.truth, bucket)}
    metadata["outcome"] = dg.MetadataValue.text(collected.outcome.value)
    if collected.degraded:
        metadata["degraded"] = dg.MetadataValue.text(collected.degraded)
    if collected.doubt:
        metadata["not_taken"] = dg.MetadataValue.text(f"{collected.doubt}; {collected.difference}")
    replaced = collected.truth.replaced
    if replaced is not None:
        changes = replaced.difference
        metadata |= {
            "replaced": dg.MetadataValue.text(f"{replaced.source}: {changes}"),
            "rows_added": dg.MetadataValue.int(changes.added),
            "rows_removed": dg.MetadataValue.int(changes.removed),
            "rows_changed": dg.MetadataValue.int(changes.changed),
            "largest_deviation_pips": dg.MetadataValue.float(changes.largest_pips),
        }
    return metadata


def cache_metadata(held: Mapping[str, int], status: CacheStatus, now: datetime) -> Metadata:
    """What was published of each pair, the series as the cache holds them now, and how often it served readers."""
    series = status.series
    metadata: Metadata = {
        "dagster/row_count": dg.MetadataValue.int(sum(held.values())),
        **{symbol: dg.MetadataValue.int(rows) for symbol, rows in held.items()},
        "series": dg.MetadataValue.int(len(series)),
        "size_bytes": dg.MetadataValue.int(status.size_bytes),
        "evicted_keys": dg.MetadataValue.int(status.evicted_keys),
        **{f"loads_{use.name.lower()}": dg.MetadataValue.int(count) for use, count in status.loads.items()},
    }
    if series:
        metadata["shortest_life_s"] = dg.MetadataValue.float(min((o.expires_at - now).total_seconds() for o in series))
        oldest = min((one.last_open for one in series if one.last_open), default=None)
        metadata |= {"oldest_last_bar": dg.MetadataValue.text(_minute(oldest))} if oldest else {}
    if status.hit_rate is not None:
        metadata["hit_rate_percent"] = dg.MetadataValue.float(round(100 * status.hit_rate, 2))
    return metadata


def order_materialization(record: OrderRecord, account: str) -> dg.AssetMaterialization:
    """One finished order of the account, `demo` or `live`, as an event on the `orders` asset."""
    order, execution = record.order, record.execution
    known: dict[str, dg.MetadataValue | None] = {
        "order_id": dg.MetadataValue.text(order.order_id),
        "account": dg.MetadataValue.text(account),
        "state": dg.MetadataValue.text(record.state.value),
        "symbol": dg.MetadataValue.text(order.symbol),
        "action": dg.MetadataValue.text(order.action.value),
        "kind": dg.MetadataValue.text(order.kind.value),
        "lots": None if execution.lots is None else dg.MetadataValue.float(float(execution.lots)),
        "price": None if execution.price is None else dg.MetadataValue.float(float(execution.price)),
        "ticket": None if execution.ticket is None else dg.MetadataValue.int(execution.ticket),
        "retcode": None if execution.retcode is None else dg.MetadataValue.int(execution.retcode),
        "attempts": dg.MetadataValue.int(record.attempts),
        "reason": dg.MetadataValue.text(record.reason) if record.reason else None,
        "queue_ms": dg.MetadataValue.float(_milliseconds(record.sent_at, record.received_at)),
        "handling_ms": dg.MetadataValue.float(_milliseconds(record.received_at, record.updated_at)),
        "latency_ms": dg.MetadataValue.float(_milliseconds(record.sent_at, record.updated_at)),
    }
    return dg.AssetMaterialization(
        ORDERS,
        description=_sentence(record),
        metadata={name: value for name, value in known.items() if value is not None},
    )


def _sentence(record: OrderRecord) -> str:
    order, execution = record.order, record.execution
    lots = execution.lots or order.lots
    size = "" if lots is None else f" {lots} lots"
    price = "" if execution.price is None else f" at {execution.price}"
    why = f" ({record.reason})" if record.reason else ""
    return f"{order.action} {order.symbol}{size}: {record.state}{price}{why}"


def _listed(lines: list[str]) -> dg.MetadataValue:
    more = [f"... and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return dg.MetadataValue.text("\n".join(lines[:_SHOWN] + more))


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%MZ}"


def _milliseconds(start: datetime, end: datetime) -> float:
    return round((end - start).total_seconds() * 1000, 3)
