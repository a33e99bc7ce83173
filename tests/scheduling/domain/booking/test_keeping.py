"""Promises in the balancer's plan, how many were kept, and who is told before one is broken."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from drivers.models import Notification
from evbalancer.common.beside import Beside
from grid.models import TemporaryLimit
from scheduling.domain.balancing import situation
from scheduling.domain.balancing.problem import problem_of
from scheduling.domain.booking import keeping, requests
from scheduling.domain.booking.promises import SlotWish
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import EmergencyRequest, FairnessEntry, SlotRequest
from scheduling.solver import solve
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
MORNING = NOW + timedelta(hours=12)


@pytest.fixture
def root():
    return CircuitFactory(limit_l1_ma=17_000, limit_l2_ma=17_000, limit_l3_ma=17_000)


def charging(root, *, got_wh=0, **slot):
    """A car with a promise, charging on three phases."""
    connector = ConnectorFactory(
        circuit=root,
        fallback_ma=0,
        fallback_confirmed_at=NOW,
        charge_point__online_until=NOW + timedelta(days=1),
    )
    driver = DriverFactory(community=root.community)
    session = SessionFactory(
        connector=connector, driver=driver, state=SessionState.ACTIVE, energy_wh=got_wh,
        plugged_at=NOW - timedelta(hours=1), started_at=NOW - timedelta(hours=1),
    )  # fmt: skip
    defaults = {"energy_wh": 40_000, "promised_wh": 30_000, "ready_by": NOW + timedelta(hours=4)}
    return SlotRequestFactory(
        cluster=root.cluster, driver=driver, session=session, planned_connector=connector, state=SlotState.ACTIVE,
        created_at=NOW - timedelta(hours=1), **{**defaults, **slot},
    )  # fmt: skip


def demands(root):
    seen = situation.read_situation(root.cluster, now=NOW, beside=Beside(root.cluster))
    return {each.id: each for each in problem_of(seen).demands}


def missed(root, share, *, wanted_wh=200_000):
    """A line of the ledger in which somebody missed this share."""
    session = SessionFactory(
        connector=ConnectorFactory(circuit=root), state=SessionState.ENDED, plugged_at=NOW
    )
    FairnessEntry.objects.create(
        community=root.community, cluster=root.cluster, driver=DriverFactory(community=root.community),
        session=session, stay_id=session.stay_id, at=NOW - timedelta(hours=6), wanted_wh=wanted_wh, promised_wh=0,
        received_wh=round(wanted_wh * (1 - share)), waited_s=0,
    )  # fmt: skip


def ask(root, **wish):
    driver = DriverFactory(community=root.community)
    wish = {"energy_wh": 20_000, "not_before": NOW, "ready_by": MORNING, **wish}
    return requests.request_slot(driver, root.cluster, SlotWish(**wish), now=NOW)


def test_balancer_asks_for_what_is_missing_of_the_promise(root):
    slot = charging(root, got_wh=12_000)
    assert demands(root)[str(slot.session.connector_id)].promised_wh == 18_000


def test_promise_whose_time_is_over_or_that_is_kept_asks_for_nothing(root):
    over = charging(root, ready_by=NOW - timedelta(minutes=1))
    kept = charging(root, got_wh=31_000)
    found = demands(root)
    assert [found[str(slot.session.connector_id)].promised_wh for slot in (over, kept)] == [0, 0]


def test_promised_energy_goes_before_the_fair_share_of_a_neighbour(root):
    slot = charging(root, energy_wh=40_000, promised_wh=40_000)
    charging(root, energy_wh=40_000, promised_wh=0)
    seen = situation.read_situation(root.cluster, now=NOW, beside=Beside(root.cluster))
    solution = solve(problem_of(seen))
    own = solution.allotments[str(slot.session.connector_id)]
    # 16 A on three phases bring 44 kWh in these four hours: shared fairly it would be 22.
    assert own.promise_wh == pytest.approx(40_000, rel=0.01)
    assert own.limit_ma >= 14_000


@pytest.mark.parametrize(
    ("share", "promised_wh"), [(0.0, 20_000), (0.02, 20_000), (0.3, 10_200), (0.9, 4_000)]
)
def test_no_more_is_promised_than_the_last_weeks_left_to_everybody(root, share, promised_wh):
    missed(root, share)
    slot = ask(root)
    assert slot.promised_wh == pytest.approx(promised_wh, abs=1)
    assert slot.state == (SlotState.PROMISED if promised_wh == 20_000 else SlotState.PARTLY_PROMISED)


def test_promise_that_can_be_kept_is_left_alone(root):
    slot = charging(root)
    assert keeping.warn_of_broken(now=NOW) == 0
    slot.refresh_from_db()
    assert slot.expected_wh is None
    assert not Notification.objects.exists()


def cut(root, limit_ma=9_000, until=None):
    return TemporaryLimit.objects.create(
        community=root.community, circuit=root, limit_l1_ma=limit_ma, limit_l2_ma=limit_ma, limit_l3_ma=limit_ma,
        announced_at=NOW, effective_at=NOW, until=until, reason="Work on the grid",
    )  # fmt: skip


def test_driver_is_told_once_before_a_promise_is_broken_with_what_is_left(root):
    slot = charging(root, got_wh=2_000)
    limit = cut(root)
    assert keeping.warn_of_broken(now=NOW) == 1
    slot.refresh_from_db()
    # 9 A on three phases for four hours, and what it had.
    assert slot.expected_wh == 2_000 + 24_800
    assert keeping.warn_of_broken(now=NOW + timedelta(minutes=1)) == 0
    told = Notification.objects.get()
    assert (told.driver, told.kind) == (slot.driver, "slot_moved")
    assert "26.8 kWh of the 30 kWh" in told.told
    limit.cancelled_at = NOW
    limit.save()
    assert keeping.warn_of_broken(now=NOW + timedelta(minutes=2)) == 0
    slot.refresh_from_db()
    assert slot.expected_wh is None
    assert Notification.objects.count() == 1


def test_emergency_nearby_is_counted_before_promises_are_called_safe(root):
    slot = charging(root, promised_wh=40_000)
    other = charging(root, promised_wh=0)
    EmergencyRequest.objects.create(
        community=root.community, driver=other.driver, session=other.session, reason="hospital", energy_wh=20_000,
        vehicle=VehicleFactory(driver=other.driver), needed_by=NOW + timedelta(hours=2), state=EmergencyState.ACCEPTED,
        state_since=NOW, minimum_ma=10_000, until=NOW + timedelta(hours=2), created_at=NOW,
    )  # fmt: skip
    assert keeping.foresee_shortfalls(root.cluster, now=NOW) == [slot.pk]


@pytest.mark.parametrize("late", ["stopped", "not here"])
def test_what_the_driver_keeps_the_car_from_is_no_broken_promise(root, late):
    slot = charging(root)
    if late == "stopped":
        type(slot.session).objects.filter(pk=slot.session_id).update(state=SessionState.FINISHED)
    else:
        SlotRequest.objects.filter(pk=slot.pk).update(session=None, state=SlotState.PROMISED)
    cut(root)
    assert keeping.warn_of_broken(now=NOW) == 0


def test_kept_promises_are_counted_by_cluster(root):
    for state, promised_wh in (
        (SlotState.FULFILLED, 5_000),
        (SlotState.FULFILLED, 5_000),
        (SlotState.FULFILLED, 0),
        (SlotState.UNMET, 5_000),
        (SlotState.UNMET, 0),
        (SlotState.LEFT, 5_000),
        (SlotState.CANCELLED, 5_000),
    ):
        SlotRequestFactory(
            cluster=root.cluster, state=state, promised_wh=promised_wh, created_at=NOW, state_since=NOW
        )
    SlotRequestFactory(
        cluster=root.cluster, state=SlotState.UNMET, created_at=NOW, state_since=NOW - timedelta(days=31)
    )
    found = keeping.kept_promises(
        [root.cluster.pk], start=NOW - keeping.COUNTED_OVER, end=NOW + timedelta(hours=1)
    )
    assert found == {root.cluster.pk: keeping.Record(settled=3, kept=2)}
    assert found[root.cluster.pk].share == pytest.approx(2 / 3)
