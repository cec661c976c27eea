"""What stored things are called: S3 object keys, Redis keys and the fixed AWS names of the original design."""

from __future__ import annotations

import re
from datetime import date

from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput

BUCKET = "tss-raw-data"
COPY_BUCKET = "tss-raw-data-osaka"
TABLE = "TSS_DynamoDB_OrderState"
ORDER_QUEUE = "TSS_OrderRequestQueue"
DEAD_LETTER_QUEUE = "TSS_OrderRequestQueue_DLQ"
TOPIC = "TSS_SystemEvents"
VERIFIER_ROLE = "TSS_DrVerifier"
MT5_SECRETS = {"demo": "TSS/mt5/demo", "live": "TSS/mt5/live"}

LOG_GROUP = "/aws/ec2/axia-tss/application"
ORDER_PROCESSOR, DATA_COLLECTOR, STREAMLIT_APP = "order_processor", "data_collector", "streamlit_app"  # its streams
METRICS_NAMESPACE = "AXIA/TradingSystem"

CACHE_LOADS = "cache:loads"  # how often each load hit, missed, ..., and since when that is counted
CACHE_WRITTEN = "cache:written"  # when each series was written last

REFUSED_PREFIX = "refused/"  # beside the series' own prefixes, so that no listing of a series meets it

_REFUSED_KEY = re.compile(r"refused/([A-Z]{6}/(?:M5|M15|H1|H4|D1)/\d{4}/\d{2}/\d{2}/)refused\.parquet")
_OBJECT_KEY = re.compile(r"([A-Z]{6})/(M5|M15|H1|H4|D1)/(\d{4})/(\d{2})/(\d{2})/data\.parquet")
_CACHE_KEY = re.compile(r"ohlcv:([A-Z]{6}):(M5|M15|H1|H4|D1)")


def object_key(symbol: Symbol, timeframe: Timeframe, trading_date: date) -> str:
    """`USDJPY/H1/2026/07/03/data.parquet`: one object per trading day of a series."""
    return f"{series_prefix(symbol, timeframe)}{trading_date:%Y/%m/%d}/data.parquet"


def series_prefix(symbol: Symbol, timeframe: Timeframe) -> str:
    """`USDJPY/H1/`: what all objects of a series begin with."""
    return f"{symbol}/{timeframe}/"


def is_object_key(key: str) -> bool:
    """Whether *key* names a partition; other objects may share the bucket."""
    return _OBJECT_KEY.fullmatch(key) is not None


def parse_object_key(key: str) -> tuple[Symbol, Timeframe, date]:
    """The inverse of `object_key`; raises InvalidInput."""
    match = _OBJECT_KEY.fullmatch(key)
    try:
        if match is None:
            raise ValueError(key)
        symbol, timeframe, year, month, day = match.groups()
        return Symbol(symbol), Timeframe(timeframe), date(int(year), int(month), int(day))
    except ValueError as error:
        form = "an object key is {symbol}/{timeframe}/{YYYY}/{MM}/{DD}/data.parquet"
        raise InvalidInput("key", key, form) from error


def refused_key(symbol: Symbol, timeframe: Timeframe, trading_date: date) -> str:
    """`refused/USDJPY/H1/2026/07/03/refused.parquet`: bars of that day that were not taken."""
    return f"{refused_prefix(symbol, timeframe)}{trading_date:%Y/%m/%d}/refused.parquet"


def refused_prefix(symbol: Symbol, timeframe: Timeframe) -> str:
    """`refused/USDJPY/H1/`: what all refused bars of a series begin with."""
    return f"{REFUSED_PREFIX}{series_prefix(symbol, timeframe)}"


def refused_date(key: str) -> date | None:
    """The trading date of a `refused_key`, or None for any other object."""
    match = _REFUSED_KEY.fullmatch(key)
    return None if match is None else parse_object_key(f"{match[1]}data.parquet")[2]


def statement_key(account: str, trading_date: date) -> str:
    """`statements/demo/2026/07/01/statement.json`: one object per trading day of the demo or the live account."""
    return f"statements/{account}/{trading_date:%Y/%m/%d}/statement.json"


def cache_key(symbol: Symbol, timeframe: Timeframe) -> str:
    """`ohlcv:USDJPY:H1`."""
    return f"ohlcv:{symbol}:{timeframe}"


def refill_key(symbol: Symbol, timeframe: Timeframe) -> str:
    """`refill:USDJPY:H1`: held by the reader that fills the cached series again."""
    return f"refill:{symbol}:{timeframe}"


def is_cache_key(key: str) -> bool:
    """Whether *key* names a cached series."""
    return _CACHE_KEY.fullmatch(key) is not None


def parse_cache_key(key: str) -> tuple[Symbol, Timeframe]:
    """The inverse of `cache_key`; raises InvalidInput."""
    match = _CACHE_KEY.fullmatch(key)
    if match is None:
        raise InvalidInput("key", key, "a cache key is ohlcv:{symbol}:{timeframe}")
    return Symbol(match[1]), Timeframe(match[2])
