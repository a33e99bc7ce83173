from datetime import timedelta

import pytest

from evbalancer.dashboard.live import cut as button
from grid.domain import limits
from grid.domain.audit import SYSTEM, Actor
from grid.models import AuditEntry, TemporaryLimit
from tests.evbalancer.dashboard.conftest import House


def test_cut_halves_the_root_with_notice(house: House) -> None:
    limit = button.cut(house.cluster, actor=SYSTEM, now=house.now)
    assert limit.circuit == house.transformer
    assert tuple(limit.limit_ma) == (50_000, 50_000, 50_000)
    assert limit.effective_at == house.now + timedelta(seconds=house.cluster.cut_notice_s)


def test_cut_pressed_twice_is_one_cut(house: House) -> None:
    first = button.cut(house.cluster, actor=SYSTEM, now=house.now)
    second = button.cut(house.cluster, actor=SYSTEM, now=house.now + timedelta(seconds=3))
    assert first == second
    assert TemporaryLimit.objects.count() == 1


@pytest.mark.parametrize("reason", ["Fan broken", button.CUT_REASON])
def test_restore_lifts_the_cut_and_nothing_else(house: House, reason: str) -> None:
    other = limits.impose_limit(house.transformer, pct=80, reason=reason, actor=SYSTEM, now=house.now)
    button.cut(house.cluster, actor=SYSTEM, now=house.now)
    later = house.now + timedelta(minutes=2)
    assert button.restore(house.cluster, actor=SYSTEM, now=later) == 1
    assert limits.open_limits(house.cluster, now=later) == [other]
    assert button.restore(house.cluster, actor=SYSTEM, now=later) == 0


@pytest.mark.promise("S15")
def test_cut_and_restore_leave_who_and_why(house: House) -> None:
    manager = house.manager()
    button.cut(house.cluster, actor=Actor.of_user(manager), now=house.now)
    button.restore(house.cluster, actor=Actor.of_user(manager), now=house.now + timedelta(minutes=1))
    entries = AuditEntry.objects.order_by("at").values_list("action", "actor_label", "community_id", "reason")
    assert list(entries) == [
        ("limit.imposed", manager.username, house.cluster.community_id, "Cut to 50 % on the live page"),
        ("limit.lifted", manager.username, house.cluster.community_id, "Restored on the live page"),
    ]
