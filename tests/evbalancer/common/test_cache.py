"""While Redis is away each process counts for itself: nobody's sign-in or transaction fails for it."""

import pytest
from django.core.cache import cache

from evbalancer.common.cache import RedisOrMemory, redis_answers, redis_is_away

pytestmark = [pytest.mark.services, pytest.mark.promise("E12")]


@pytest.fixture
def away(settings, monkeypatch):
    monkeypatch.setattr(RedisOrMemory, "_away_until_s", 0.0)
    settings.CACHES = {
        "default": {"BACKEND": "evbalancer.common.cache.RedisOrMemory", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    yield
    cache.clear()


@pytest.mark.usefixtures("away")
def test_counting_goes_on_in_memory_while_redis_is_away() -> None:
    assert not redis_is_away()
    assert cache.add("guesses", 1, 60)
    assert redis_is_away()
    assert not cache.add("guesses", 1, 60)
    assert (cache.incr("guesses"), cache.get("guesses"), cache.get("nothing")) == (2, 2, None)
    cache.delete("guesses")
    with pytest.raises(ValueError, match="guesses"):
        cache.incr("guesses")


@pytest.mark.usefixtures("away")
def test_redis_is_asked_again_by_who_wants_to_know() -> None:
    assert not redis_answers()
    assert redis_is_away()


def test_without_redis_there_is_nothing_to_wait_for(settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert redis_answers()
    assert not redis_is_away()
