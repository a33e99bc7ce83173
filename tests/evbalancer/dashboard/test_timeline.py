"""A circuit's last hours: what a rebalance stored, drawn and given out, to members alone."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import ConnectorStatus, SessionState
from chargers.models import ChargePoint, Connector, Session
from grid.domain import limits
from grid.domain.audit import SYSTEM
from scheduling.domain.rebalance import rebalance
from scheduling.models import RebalanceRun
from tests.asserts.http import assert_problem, client_of
from tests.e2e import site
from tests.factories.drivers import DriverFactory, UserFactory, manager_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def built() -> site.Built:
    """Three hours ago a car on B1 drew 9 A of the 10 A that it held; a minute ago the limit was cut to half."""
    built = site.build()
    now = datetime.now(UTC)
    ChargePoint.objects.update(online_until=now + timedelta(days=1))
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=now, status=ConnectorStatus.AVAILABLE)
    connector = Connector.objects.get(charge_point__identity="B1")
    then = now - timedelta(hours=3)
    Session.objects.create(
        community_id=connector.community_id, connector=connector, state=SessionState.ACTIVE, state_since=then,
        plugged_at=then, started_at=then, transaction_id=1, current_l1_ma=9_000, metered_at=then,
    )  # fmt: skip
    rebalance(built.cluster.pk, now=then)
    limits.impose(built.transformer, pct=50, reason="Test", actor=SYSTEM, now=now - timedelta(minutes=1))
    rebalance(built.cluster.pk, now=now - timedelta(seconds=30))
    return built


def test_timeline_tells_limit_building_cars_and_reservations_per_phase(built, django_assert_num_queries):
    client = client_of(DriverFactory(community=built.cluster.community).user)
    address = f"/grid/circuits/{built.transformer.pk}/timeline"
    first, last = client.get(address).json()["points"]
    assert (first["limit_ma"]["l1"], first["base_ma"]["l1"], first["cars_ma"]["l1"]) == (75_000, 8_000, 9_000)
    assert first["reserved_ma"] == {"l1": 32_000, "l2": 0, "l3": 0}
    assert (last["limit_ma"]["l1"], last["cars_ma"]["l1"]) == (37_500, 0)
    assert [point["at"] for point in client.get(f"{address}?hours=1").json()["points"]] == [last["at"]]
    figures = RebalanceRun.objects.exclude(figures={}).first().figures
    RebalanceRun.objects.bulk_create(
        RebalanceRun(
            community=built.cluster.community, cluster=built.cluster, trigger="beat", duration_ms=1, inputs_digest="",
            decisions=[], figures=figures, at=datetime.now(UTC) - timedelta(minutes=3 * many),
        )
        for many in range(30)
    )  # fmt: skip
    with django_assert_num_queries(4):
        assert len(client.get(address).json()["points"]) > 25


@pytest.mark.parametrize("hours", ["0", "169", "x"])
def test_timeline_of_no_time_is_refused(built, hours):
    client = client_of(manager_of(built.cluster.community))
    assert_problem(
        client.get(f"/grid/circuits/{built.transformer.pk}/timeline?hours={hours}"), 400, "invalid"
    )


def test_page_draws_each_phase_for_members_and_is_not_there_for_others(built, client):
    page = f"/circuit/{built.transformer.pk}/timeline"
    assert client.get(page).status_code == 404
    client.force_login(UserFactory())
    assert client.get(page).status_code == 404
    client.force_login(manager_of(built.cluster.community))
    shown = client.get(page).content.decode()
    assert shown.count("<svg") == 3
    assert "<script" not in shown
    assert "style=" not in shown
    assert client.get(f"/cluster/{built.cluster.pk}/timeline").url == page


def test_page_of_a_circuit_without_runs_says_so(built, client):
    RebalanceRun.objects.all().delete()
    client.force_login(manager_of(built.cluster.community))
    assert "<svg" not in client.get(f"/circuit/{built.transformer.pk}/timeline").content.decode()


def test_admin_shows_what_bound_each_car_and_replays_the_run(built, client):
    user = manager_of(built.cluster.community)
    user.is_staff = True
    user.save()
    client.force_login(user)
    run = RebalanceRun.objects.order_by("at").first()
    shown = client.get(f"/admin/scheduling/rebalancerun/{run.pk}/change/").content.decode()
    assert "B1" in shown
    assert "32 A" in shown
    page = f"/admin/scheduling/rebalancerun/{run.pk}/replay/"
    assert "The same as then" in client.post(page, follow=True).content.decode()
    run.decisions[0]["wanted_ma"] = 6_000
    run.save()
    changed = client.post(page)
    assert changed.status_code == 422
    assert "6 A then, 32 A now" in changed.content.decode()
    run.inputs = b""
    run.save()
    assert "not kept" in client.post(page).content.decode()
