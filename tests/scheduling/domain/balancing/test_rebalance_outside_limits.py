"""Limits that others set a charge point: what it can't use goes to others, and nothing is raised by them."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import CommandKind, ConnectorStatus, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from grid.models import Circuit, Cluster
from scheduling.domain.balancing.rebalance import share_power
from tests.e2e import site

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 5, tzinfo=UTC)


@pytest.fixture
def cluster() -> Cluster:
    built = site.build()
    ChargePoint.objects.update(online_until=NOW + timedelta(days=1))
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.CHARGING)
    Circuit.objects.update(base_load_max_l1_ma=0, base_load_max_l2_ma=0, base_load_max_l3_ma=0)
    Circuit.objects.filter(name="Panel A").update(limit_l1_ma=32_000)
    Cluster.objects.update(margin_ma=0)
    for number, connector in enumerate(first_two(), 1):
        Connector.objects.filter(pk=connector.pk).update(phase_rotation="R")
        Session.objects.create(
            community_id=connector.community_id, connector=connector, state=SessionState.ACTIVE,
            state_since=NOW, plugged_at=NOW, started_at=NOW, transaction_id=number,
        )  # fmt: skip
    return built.cluster


def first_two() -> list[Connector]:
    return list(Connector.objects.order_by("charge_point__identity")[:2])


def sent_ma(cluster: Cluster, external_ma: int | None) -> list[int]:
    """What two cars behind 32 A are sent when somebody else allows the first one so much."""
    first, second = first_two()
    if external_ma is not None:
        limit = {"since": NOW.isoformat(), "is_grid_critical": False, "steps": [[0, external_ma, None]]}
        Connector.objects.filter(pk=first.pk).update(external_limits={"EMS": limit})
    share_power(cluster.pk, now=NOW)
    rows = ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT)
    return [rows.get(connector=connector).limit_ma for connector in (first, second)]


@pytest.mark.parametrize(
    ("external_ma", "expected"),
    [
        (None, [16_000, 16_000]),
        (90_000, [16_000, 16_000]),
        (3_000, [6_000, 26_000]),
    ],
)
def test_what_a_car_may_not_take_by_others_word_goes_to_the_next(cluster, external_ma, expected):
    assert sent_ma(cluster, external_ma) == expected


def test_car_takes_what_others_leave_it_where_that_is_below_its_equal_share(cluster):
    assert sent_ma(cluster, 10_500) == [10_000, 22_000]
