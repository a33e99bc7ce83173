from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chargers.enums import SessionState
from drivers.domain.standing import give_strike
from drivers.errors import Suspended
from drivers.models import Driver, Notification
from evbalancer.common.errors import InvalidInput, NotFound, StateMoved
from evbalancer.common.words.said import Said
from fleet.enums import ReadingSource
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry, Community
from scheduling.domain.conduct import emergencies
from scheduling.enums import EmergencyState
from scheduling.errors import EmergencyOpen, IllegalMove
from scheduling.models import EmergencyRequest
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.fleet import VehicleFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def session():
    """A linked car that said 20 % five minutes ago, and has 1 kWh in this stay."""
    connector = ConnectorFactory()
    vehicle = VehicleFactory(
        driver=DriverFactory(community=connector.community),
        charge_pct=20,
        charge_at=NOW - timedelta(minutes=5),
        charge_source=ReadingSource.SMARTCAR,
    )
    return SessionFactory(
        connector=connector,
        driver=vehicle.driver,
        vehicle=vehicle,
        plugged_at=NOW - HOUR,
        started_at=NOW - HOUR,
        state=SessionState.ACTIVE,
        energy_wh=1_000,
    )


def claim(session, *, now=NOW, **changes):
    given = {"reason": " Hospital ", "energy_wh": 10_000, "needed_by": now + 2 * HOUR} | changes
    driver = Driver.objects.select_related("community", "user").get(pk=session.driver_id)
    return emergencies.request_emergency(driver, now=now, **given)


def manager(session):
    return manager_of(session.community)


def pending(session, **changes):
    Community.objects.update(emergency_needs_manager=True)
    return claim(session, **changes)


def codes(row):
    return [said.code for said in row.reasons]


def charge(session, energy_wh):
    session.energy_wh = energy_wh
    session.save()


def test_claim_keeps_the_car_of_the_session_and_what_it_had_before(session):
    row = claim(session)
    assert (row.state, row.session, row.vehicle) == (EmergencyState.ACCEPTED, session, session.vehicle)
    assert (row.reason, row.granted_wh, row.energy_before_wh, row.until) == (
        "Hospital",
        10_000,
        1_000,
        NOW + 2 * HOUR,
    )
    entry = AuditEntry.objects.get(action="emergency.requested")
    assert (entry.after["granted_wh"], entry.reason) == (10_000, "Hospital")
    assert "Accepted" in Notification.objects.get(driver=session.driver).told


def test_what_the_driver_typed_proves_nothing(session):
    session.vehicle.charge_source = ReadingSource.DRIVER
    session.vehicle.save()
    row = claim(session, energy_wh=30_000)
    assert (row.granted_wh, codes(row)) == (10_000, ["emergency.no_car_tells", "emergency.unproven_most"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"energy_wh": 0}, "energy_wh"),
        ({"needed_by": NOW}, "needed_by"),
    ],
)
def test_claim_that_can_not_be_is_not_stored(session, changes, field):
    with pytest.raises(InvalidInput) as refused:
        claim(session, **changes)
    assert refused.value.field == field
    assert not EmergencyRequest.objects.exists()


def test_foreign_car_and_a_suspended_driver_claim_nothing(session):
    with pytest.raises(NotFound):
        claim(session, vehicle=VehicleFactory())
    Driver.objects.filter(pk=session.driver_id).update(suspended_until=NOW + HOUR)
    with pytest.raises(Suspended):
        claim(session)
    assert claim(session, now=NOW + HOUR).state == EmergencyState.ACCEPTED


def test_one_claim_is_open_at_a_time_and_a_refused_one_blocks_none(session):
    session.state = SessionState.ENDED
    session.save()
    assert claim(session).state == EmergencyState.REFUSED
    session.state = SessionState.ACTIVE
    session.save()
    claim(session)
    with pytest.raises(EmergencyOpen):
        claim(session)
    assert EmergencyRequest.objects.count() == 2


def test_manager_decides_with_a_reason_and_once(session):
    row, by = pending(session), manager(session)
    with pytest.raises(InvalidInput):
        emergencies.decide_by_manager(row, accept=True, by=by, reason=" ", now=NOW)
    late = EmergencyRequest.objects.get()
    decided = emergencies.decide_by_manager(row, accept=True, by=by, reason=" Of course ", now=NOW)
    assert (decided.state, decided.decided_by) == (EmergencyState.ACCEPTED, by)
    assert decided.reasons[-1] == Said.in_words("Of course")
    with pytest.raises(StateMoved):
        emergencies.decide_by_manager(late, accept=False, by=by, reason="No", now=NOW)
    with pytest.raises(IllegalMove):
        emergencies.decide_by_manager(decided, accept=False, by=by, reason="No", now=NOW)


def test_claim_whose_time_has_passed_can_be_refused_and_not_accepted(session):
    row, by = pending(session), manager(session)
    with pytest.raises(InvalidInput) as refused:
        emergencies.decide_by_manager(row, accept=True, by=by, reason="Yes", now=row.until)
    assert refused.value.field == "accept"
    row = emergencies.decide_by_manager(row, accept=False, by=by, reason="Late", now=row.until)
    assert row.state == EmergencyState.REFUSED


@pytest.mark.parametrize(("needs_manager", "granted_wh", "used"), [(True, 0, 0), (False, 10_000, 1)])
def test_revoked_claim_counts_against_the_month_only_where_it_was_granted(
    session, needs_manager, granted_wh, used
):
    row = pending(session) if needs_manager else claim(session)
    row = emergencies.revoke_emergency(row, by=session.driver.user, reason="", now=NOW)
    assert (row.state, row.granted_wh) == (EmergencyState.REVOKED, granted_wh)
    assert emergencies.used_this_month(session.driver, now=NOW) == used


def test_month_is_the_communitys_own(session):
    midnight = datetime(2026, 11, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    for created_at in (midnight - timedelta(seconds=1), midnight):
        EmergencyRequest.objects.create(
            community=session.community,
            driver=session.driver,
            reason="Hospital",
            energy_wh=1,
            granted_wh=1,
            needed_by=NOW,
            state=EmergencyState.DONE,
            state_since=NOW,
            created_at=created_at,
        )
    assert emergencies.used_this_month(session.driver, now=NOW) == 1
    assert emergencies.used_this_month(session.driver, now=NOW + timedelta(days=30)) == 0


@pytest.mark.parametrize(
    ("energy_wh", "code", "received_wh"),
    [
        (500, "emergency.car_left", 0),
        (5_000, "emergency.car_left", 4_000),
        (11_000, "emergency.served", None),
    ],
)
def test_claim_ends_with_the_stay_and_says_what_came_of_it(session, energy_wh, code, received_wh):
    row = claim(session)
    charge(session, energy_wh)
    emergencies.finish_for(session, now=NOW + HOUR)
    row.refresh_from_db()
    assert (row.state, row.reasons[-1].code) == (EmergencyState.DONE, code)
    assert row.reasons[-1].facts.get("received_wh") == received_wh
    emergencies.finish_for(session, now=NOW + HOUR)
    assert AuditEntry.objects.filter(action="emergency.done").count() == 1


@pytest.mark.parametrize(
    ("energy_wh", "after_h", "ended", "code"),
    [(10_999, 1, 0, None), (11_000, 1, 1, "emergency.served"), (2_000, 2, 1, "emergency.time_over")],
)
def test_granted_claim_is_over_when_its_energy_has_flowed_or_its_time_has(
    session, energy_wh, after_h, ended, code
):
    row = claim(session)
    charge(session, energy_wh)
    assert emergencies.finish_due(now=NOW + after_h * HOUR) == ended
    row.refresh_from_db()
    assert (row.state == EmergencyState.DONE) is bool(ended)
    assert code in (None, codes(row)[-1])


def test_undecided_claim_is_refused_when_it_is_needed(session):
    row = pending(session)
    assert [emergencies.finish_due(now=NOW + hours * HOUR) for hours in (1, 2, 3)] == [0, 1, 0]
    row.refresh_from_db()
    assert (row.state, codes(row)[-1]) == (EmergencyState.REFUSED, "emergency.undecided")


def test_driver_who_left_the_community_claims_nothing_any_more(session):
    row = claim(session)
    emergencies.withdraw_open(session.driver_id, now=NOW)
    row.refresh_from_db()
    assert (row.state, codes(row)[-1]) == (EmergencyState.REVOKED, "emergency.left_community")


def test_strike_asks_a_manager(session):
    give_strike(session.driver, kind="overstay", evidence={}, decision="Stood", actor=SYSTEM, now=NOW)
    row = claim(session)
    assert (row.state, codes(row)[-1]) == (EmergencyState.PENDING, "emergency.strike_on_record")


def test_second_strike_takes_the_priority(session):
    for _ in range(2):
        give_strike(session.driver, kind="overstay", evidence={}, decision="Stood", actor=SYSTEM, now=NOW)
    assert claim(session).state == EmergencyState.REFUSED
