"""The scratch cache of drills: another database of the same Redis, which production never reads."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from axia_core.errors import CacheUnavailable, InvalidInput
from axia_core.settings import Settings

DATABASE = 15  # the last one of a Redis that was not told otherwise, ElastiCache included


def beside(settings: Settings) -> Settings:
    """The settings with the scratch database for a cache; raises InvalidInput where that is production's."""
    address = urlsplit(settings.redis_url)
    if address.path.strip("/") == str(DATABASE):
        rule = f"drills use database {DATABASE} of the same Redis, and production must not"
        raise InvalidInput("redis_url", address.path, rule, "Give production another database, usually 0.")
    url = urlunsplit(address._replace(path=f"/{DATABASE}"))
    return settings.model_copy(update={"redis_url": url})


def empty(scratch: Settings) -> None:
    """Empties the scratch database and no other; raises CacheUnavailable."""
    import redis

    address = urlsplit(scratch.redis_url)
    if address.path != f"/{DATABASE}":
        raise InvalidInput("redis_url", address.path, f"only database {DATABASE} is ever emptied")
    try:
        with redis.Redis.from_url(scratch.redis_url, socket_connect_timeout=1, socket_timeout=5) as client:
            client.flushdb()
    except redis.RedisError as error:
        raise CacheUnavailable(f"emptying the scratch cache: {type(error).__name__}") from error
