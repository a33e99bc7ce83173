"""A cut is lifted: cars that it paused start again at once, and nobody keeps the room from them."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import ConnectorStatus, SessionState
from chargers.models import ChargePoint, Connector, Session
from grid.domain import limits
from grid.domain.audit import SYSTEM
from scheduling.domain.balancing.rebalance import share_power
from scheduling.models import Allotment
from tests.e2e import site

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
PAUSED = ("A4", "B4", "B5")


@pytest.fixture
def built() -> site.Built:
    """Ten cars under 75 A a phase; all of them run."""
    built = site.build()
    ChargePoint.objects.update(online_until=NOW + timedelta(days=1))
    connectors = Connector.objects.select_related("charge_point")
    connectors.update(fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.CHARGING)
    for number, connector in enumerate(connectors, start=1):
        session = Session.objects.create(
            community_id=connector.community_id,
            connector=connector,
            state=SessionState.ACTIVE,
            state_since=NOW,
            plugged_at=NOW - timedelta(hours=1),
            started_at=NOW - timedelta(hours=1),
            transaction_id=number,
        )
        Allotment.objects.create(
            community_id=connector.community_id,
            connector=connector,
            session=session,
            starts=1,
            running=connector.charge_point.identity not in PAUSED,
            since=NOW,
            at=NOW,
        )
    return built


def _wanted() -> dict[str, int]:
    return dict(Connector.objects.values_list("charge_point__identity", "wanted_ma"))


@pytest.mark.promise("E19")
@pytest.mark.parametrize("after_s", [30, 75, 200])
def test_cars_that_a_cut_paused_start_with_the_next_balance_after_it(built: site.Built, after_s: int) -> None:
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=after_s))
    wanted = _wanted()
    assert {identity for identity, wanted_ma in wanted.items() if wanted_ma < 6_000} == set()


@pytest.mark.promise("E19")
def test_lifted_cut_gives_its_room_back_to_those_it_paused(built: site.Built) -> None:
    Allotment.objects.update(since=NOW - timedelta(hours=1))
    cut = limits.impose_limit(
        built.transformer,
        limit_ma=limits.PhaseMilliamps(22_000, 22_000, 22_000),
        reason="Test",
        actor=SYSTEM,
        now=NOW,
    )
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=40))
    assert 0 in _wanted().values()
    limits.lift_limit(cut, actor=SYSTEM, now=NOW + timedelta(seconds=75))
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=76))
    assert min(_wanted().values()) >= 6_000
    assert "waiting_turn" not in Allotment.objects.values_list("reason", flat=True)
