"""What metrics look at: the cache's counts, the presence of partitions, the host's memory and disk.

Beside the stores themselves, because those load numpy, which a process that lives for ever and reads no bar spares.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from axia_core.aws import client, error_code, translated
from axia_core.domain import names
from axia_core.domain.cached_series import CacheUse
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import CacheUnavailable
from axia_core.ports import Gauges
from axia_core.settings import Settings

TIMEOUT_S = 2.0
ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


class RealGauges(Gauges):
    """What the settings name; a client is made when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def cache_loads(self) -> Mapping[CacheUse, int]:
        import redis

        try:
            found = {key.decode(): value for key, value in self._redis.hgetall(names.CACHE_LOADS).items()}
            return {use: int(found[use]) for use in CacheUse if use in found}
        except (redis.RedisError, ValueError) as error:
            # A malformed URL is a ValueError, and its text may hold the password.
            raise CacheUnavailable(f"reading the cache's counts: {type(error).__name__}") from None

    def is_stored(self, symbol: Symbol, timeframe: Timeframe, trading_date: date) -> bool:
        from botocore.exceptions import ClientError

        key = names.object_key(symbol, timeframe, trading_date)
        with translated(f"looking for s3://{self._settings.bucket}/{key}"):
            try:
                self._s3.head_object(Bucket=self._settings.bucket, Key=key)
            except ClientError as error:
                if error_code(error) not in ABSENT:
                    raise
                return False
        return True

    def memory_used_percent(self) -> float:
        import psutil

        return float(psutil.virtual_memory().percent)

    def disk_used_percent(self) -> float:
        import psutil

        folder = self._settings.home.absolute()
        while not folder.exists() and folder != Path(folder.anchor):
            folder = folder.parent
        return float(psutil.disk_usage(str(folder)).percent)

    @cached_property
    def _s3(self) -> Any:
        return client(self._settings, "s3", read_timeout_s=TIMEOUT_S)

    @cached_property
    def _redis(self) -> Any:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        return redis.Redis.from_url(
            self._settings.redis_url, socket_connect_timeout=1, socket_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
