"""A circuit's last hours: what a rebalance stored, drawn and given out, to members alone."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chargers.enums import ConnectorStatus, SessionState
from chargers.models import ChargePoint, Connector, Session
from evbalancer.admin.timeline import cluster_timeline_panel, timeline_panel
from evbalancer.common.units import PhaseMilliamps
from evbalancer.dashboard.timeline import drawing, ticks_of
from grid.domain import limits
from grid.domain.audit import SYSTEM
from grid.models import DemandInterval, DemandTarget, TemporaryLimit
from scheduling.domain.balancing.rebalance import share_power
from scheduling.domain.balancing.timeline import Point
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
    share_power(built.cluster.pk, now=then)
    limits.impose_limit(
        built.transformer, pct=50, reason="Test", actor=SYSTEM, now=now - timedelta(minutes=1)
    )
    share_power(built.cluster.pk, now=now - timedelta(seconds=30))
    return built


def test_timeline_tells_limit_building_cars_and_reservations_per_phase(built, django_assert_num_queries):
    client = client_of(DriverFactory(community=built.cluster.community).user)
    address = f"/grid/circuits/{built.transformer.pk}/timeline"
    first, last = client.get(address).json()["points"]
    assert (first["limit_ma"]["l1"], first["base_ma"]["l1"], first["cars_ma"]["l1"]) == (75_000, 8_000, 9_000)
    assert first["reserved_ma"] == {"l1": 32_000, "l2": 0, "l3": 0}
    assert (last["limit_ma"]["l1"], last["cars_ma"]["l1"]) == (37_500, 32_000)
    assert [point["at"] for point in client.get(f"{address}?hours=1").json()["points"]] == [last["at"]]
    figures = RebalanceRun.objects.exclude(figures={}).first().figures
    RebalanceRun.objects.bulk_create(
        RebalanceRun(
            community=built.cluster.community, cluster=built.cluster, trigger="beat", duration_ms=1, inputs_digest="",
            decisions=[], figures=figures, at=datetime.now(UTC) - timedelta(minutes=3 * many),
        )
        for many in range(30)
    )  # fmt: skip
    with django_assert_num_queries(5):
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


def test_timeline_says_what_can_not_be_held(built, client):
    now = datetime.now(UTC)
    tenant = {"community": built.cluster.community, "circuit": built.transformer}
    DemandTarget.objects.create(**tenant, target_w=50_000)
    DemandInterval.objects.create(
        **tenant, begin=now - timedelta(minutes=1), length_s=3_600, target_w=50_000, used_ws=3_600 * 12_000,
        counted_until=now, cannot_hold=True,
    )  # fmt: skip
    TemporaryLimit.objects.update(uncovered_ma=4_000)
    api = client_of(manager_of(built.cluster.community))
    billed = api.get(f"/grid/circuits/{built.transformer.pk}/timeline").json()["billed"]
    assert billed == {"target_w": 50_000, "month_peak_w": 0, "mean_w": 12_000, "cannot_hold": True}
    client.force_login(manager_of(built.cluster.community))
    page = f"/circuit/{built.transformer.pk}/timeline"
    shown = client.get(page).content.decode()
    assert "highest this month 0.0 kW, target 50.0 kW" in shown
    assert "Can't be held while charge points are offline: 4.0 A more could flow" in shown
    german = client.get(page, headers={"accept-language": "de"}).content.decode()
    assert "Nicht zu halten, solange Ladepunkte offline sind: 4,0 A mehr könnten fließen" in german


def test_reservation_far_above_the_limit_leaves_the_load_visible(built):
    now = datetime.now(UTC)
    point = Point(
        now - timedelta(minutes=1), *(PhaseMilliamps(*[ma] * 3) for ma in (75_000, 30_000, 0, 416_000))
    )
    drawn = drawing([point], built.transformer, 0, since=now - timedelta(hours=1), until=now)
    assert drawn["reserved_a"] == 446
    # 30 A of at most twice the limit, of 160 units.
    assert float(re.search(r"V([0-9.]+)H", drawn["building"])[1]) < 160 - 25


def test_drawing_names_its_values_to_a_pointer_and_has_marks_on_the_wall(built):
    now = datetime(2026, 7, 1, 20, 0, tzinfo=UTC)
    since = now - timedelta(hours=1)
    point = Point(since, *(PhaseMilliamps(*[ma] * 3) for ma in (75_000, 8_000, 9_000, 32_000)))
    drawn = drawing([point], built.transformer, 0, since=since, until=now)
    wall = since.astimezone(ZoneInfo(built.cluster.community.time_zone))
    words = ["17 A of 75 A", "building 8 A", "could be drawn: 40 A"]
    assert drawn["hover"] == [[0.0, f"{wall:%H:%M}", *words]]
    marks = ticks_of(built.transformer, since=since, until=now)
    assert [mark["pct"] for mark in marks] == ["25.0", "50.0", "75.0", "100.0"]
    assert marks[0]["said"] == f"{wall + timedelta(minutes=15):%H:%M}"


def test_back_office_shows_the_last_hours_of_a_circuit_and_of_its_cluster(built, rf):
    for panel in (
        timeline_panel(rf.get("/"), built.transformer),
        cluster_timeline_panel(rf.get("/"), built.cluster),
    ):
        assert [drawn["name"] for drawn in panel.context["drawings"]] == ["L1", "L2", "L3"]
        assert panel.refresh_s > 0
        assert panel.context["page"] == f"/circuit/{built.transformer.pk}/timeline"


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
