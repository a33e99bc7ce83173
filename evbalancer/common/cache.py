"""Redis as the cache, and this process's memory while Redis is away.

The cache counts guesses at passwords and tags, and how often somebody asks: each process goes on counting for itself,
and nobody's sign-in or transaction fails for it.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, ClassVar, Final

import redis
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

logger = logging.getLogger(__name__)

# One caller waited for Redis; the next one need not.
AWAY_S: Final = 10.0
# Counters of guesses live there: somebody who tries many names must not push them out.
MOST_IN_MEMORY: Final = 100_000


def _either(name: str) -> Callable[..., Any]:
    def call(self: "RedisOrMemory", *args: Any, **kwargs: Any) -> Any:
        if not self.is_away():
            try:
                return getattr(RedisCache, name)(self, *args, **kwargs)
            except redis.RedisError:
                logger.warning("Redis does not answer", exc_info=True)
                self.note_away()
        return getattr(self.memory, name)(*args, **kwargs)

    return call


class RedisOrMemory(RedisCache):
    # Django makes an instance for each thread; Redis is away for all of them.
    _away_until_s: ClassVar[float] = 0.0

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.memory = LocMemCache("while-redis-is-away", {**params, "MAX_ENTRIES": MOST_IN_MEMORY})

    add = _either("add")
    get = _either("get")
    set = _either("set")
    touch = _either("touch")
    delete = _either("delete")
    has_key = _either("has_key")
    incr = _either("incr")
    get_many = _either("get_many")
    set_many = _either("set_many")
    delete_many = _either("delete_many")
    clear = _either("clear")

    @classmethod
    def is_away(cls) -> bool:
        return time.monotonic() < cls._away_until_s

    @classmethod
    def note_away(cls) -> None:
        cls._away_until_s = time.monotonic() + AWAY_S

    @classmethod
    def forget_away(cls) -> None:
        cls._away_until_s = 0.0

    def answers(self) -> bool:
        """Ask Redis, and remember what it said."""
        type(self).forget_away()
        self.get("ping")
        return not self.is_away()


def redis_answers() -> bool:
    """Whether it does now; without one there is nothing to wait for."""
    return not isinstance(_backend(), RedisOrMemory) or _backend().answers()


def redis_is_away() -> bool:
    """Whether it did not answer a moment ago."""
    return isinstance(_backend(), RedisOrMemory) and RedisOrMemory.is_away()


def _backend() -> Any:
    return caches["default"]
