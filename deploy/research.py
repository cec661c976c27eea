"""A second code location, for research: reads the stored bars with Polars, straight from S3.

What belongs here: assets that only read. It knows the layout of the bucket and nothing of brokers, orders or Redis, so
it can be changed and taken down while the desk is open. docs/scaling.md shows the same with DuckDB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from axia_core.domain.timeframes import Timeframe
from axia_core.settings import Settings, load_settings

if TYPE_CHECKING:
    import polars as pl

DAYS = 60


def bars(settings: Settings, symbol: str, timeframe: Timeframe) -> pl.LazyFrame:
    """Every stored bar of a series, read when it is collected and only as far as needed; empty when none is stored."""
    import polars as pl

    address = f"s3://{settings.bucket}/{symbol}/{timeframe}/*/*/*/data.parquet"
    schema: dict[str, pl.DataType] = {"timestamp_utc": pl.Datetime("us", "UTC")}
    schema |= dict.fromkeys(("open", "high", "low", "close"), pl.Float64())
    schema |= {"volume": pl.Int64(), "spread": pl.Int32()}
    return pl.scan_parquet(address, schema=schema, storage_options=_storage(settings))


def _storage(settings: Settings) -> dict[str, str]:
    region = {"aws_region": settings.aws_region}
    if settings.aws_endpoint_url is None:
        return region
    # The local server: plain HTTP, and its keys are in the environment.
    return region | {"aws_endpoint_url": settings.aws_endpoint_url, "aws_allow_http": "true"}


@dg.asset(
    key=["research", "daily_range"],
    deps=[dg.AssetKey(["ohlcv", "d1"])],
    group_name="research",
    kinds={"polars"},
    description=f"The mean range, high to low, of each pair's last {DAYS} trading days, as parts of its close.",
)
def daily_range() -> dg.MaterializeResult[None]:
    settings = load_settings()
    ranges = {symbol: _mean_range(bars(settings, symbol, Timeframe.D1)) for symbol in settings.symbols}
    return dg.MaterializeResult(metadata={symbol: round(found, 6) for symbol, found in ranges.items() if found})


def _mean_range(days: pl.LazyFrame) -> float | None:
    import polars as pl

    latest = days.sort("timestamp_utc").tail(DAYS)
    found: float | None = latest.select(((pl.col("high") - pl.col("low")) / pl.col("close")).mean()).collect().item()
    return found


@dg.definitions
def defs() -> dg.Definitions:
    """What the workspace loads."""
    return dg.Definitions(assets=[daily_range], executor=dg.in_process_executor)
