from datetime import timedelta

import pytest
from django.utils import timezone

from chargers.enums import SessionState
from drivers.models import Notification
from fleet.enums import ReadingSource
from fleet.models import Vehicle
from grid.models import AuditEntry
from scheduling.enums import EmergencyState
from scheduling.models import EmergencyRequest, HouseRules
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory
from tests.factories.pricing import TariffFactory

pytestmark = pytest.mark.django_db
CLAIM = "/drivers/emergency/request"


@pytest.fixture
def session():
    """A linked car that is plugged in and tells its charge."""
    now = timezone.now()
    connector = ConnectorFactory(circuit=CircuitFactory())
    driver = DriverFactory(community=connector.community)
    vehicle = VehicleFactory(
        driver=driver,
        battery_wh=60_000,
        charge_pct=20,
        charge_at=now - timedelta(minutes=5),
        charge_source=ReadingSource.SMARTCAR,
    )
    return SessionFactory(
        connector=connector,
        driver=driver,
        vehicle=vehicle,
        plugged_at=now,
        started_at=now,
        state=SessionState.ACTIVE,
    )


def claim(driver, **changes):
    body = {
        "reason": "Hospital",
        "energy_wh": 11_040,
        "needed_by": (timezone.now() + timedelta(hours=2)).isoformat(),
    }
    return client_of(driver.user).post(CLAIM, body | changes, format="json")


def test_emergency_is_granted_bounded_and_audited(session):
    body = claim(session.driver).json()
    # 11.04 kWh in two hours are 5.52 kW: 8 A on three phases, rounded up to the next ampere.
    assert (body["state"], body["granted_wh"]) == ("accepted", 11_040)
    assert body["minimum_ma"] in (8_000, 9_000)
    assert body["reasons"] == ["The car itself tells a charge of 20 %."]
    row = EmergencyRequest.objects.get()
    assert row.until <= row.needed_by
    assert row.session == session
    assert AuditEntry.objects.get().action == "emergency.requested"
    assert "Emergency: Accepted" in Notification.objects.get().told


@pytest.mark.parametrize(
    "evidence",
    [{"charge_at": None, "charge_pct": None}, {"charge_source": "driver"}, {"charge_source": "mock"}],
)
def test_emergency_that_no_car_proves_is_granted_up_to_what_the_house_rules_allow(session, evidence):
    Vehicle.objects.update(**evidence)
    body = claim(session.driver).json()
    assert (body["state"], body["granted_wh"]) == ("accepted", 10_000)
    assert body["reasons"] == [
        "No linked car tells its charge.",
        "Without the car's word at most 10 kWh are granted.",
    ]


@pytest.mark.parametrize(
    ("policy", "changes", "state", "granted_wh", "last_reason"),
    [
        ("manager", {}, "pending", 11_040, "A manager confirms what no car proves."),
        (
            "distance",
            {},
            "refused",
            0,
            "No linked car tells its charge: say how far you must drive.",
        ),
        ("distance", {"distance_km": 40}, "accepted", 8_000, "40 km need about 8 kWh."),
        ("bounded", {"energy_wh": 4_000}, "accepted", 4_000, "No linked car tells its charge."),
    ],
)
def test_house_rules_say_what_becomes_of_an_unproven_emergency(
    session, policy, changes, state, granted_wh, last_reason
):
    Vehicle.objects.update(charge_at=None, charge_pct=None)
    HouseRules.objects.create(community=session.community, unproven_emergency=policy)
    body = claim(session.driver, **changes).json()
    assert (body["state"], body["granted_wh"], body["reasons"][-1]) == (state, granted_wh, last_reason)


def test_emergency_without_a_car_plugged_in_is_refused_with_the_reason(session):
    stranger = DriverFactory(community=session.community)
    body = claim(stranger).json()
    assert body["state"] == "refused"
    assert body["reasons"] == ["The car is not plugged in at a charger of this community."]


def test_emergency_beyond_the_quota_is_refused_with_the_reason(session):
    community = session.driver.community
    community.emergencies_per_month = 0
    community.save()
    assert claim(session.driver).json()["reasons"] == ["0 of 0 emergencies of this month are used."]


def test_second_emergency_while_one_is_open_is_refused(session):
    claim(session.driver)
    assert_problem(claim(session.driver), 409, "emergency_open")
    assert EmergencyRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"needed_by": "2020-01-01T00:00:00Z"}, "needed_by", "departure_in_past"),
        ({"energy_wh": -1}, "energy_wh", "energy_not_positive"),
        ({"reason": ""}, "reason", "invalid"),
        ({"distance_km": 0}, "distance_km", "invalid"),
    ],
)
def test_emergency_that_can_not_be_changes_nothing(session, changes, field, code):
    body = assert_problem(claim(session.driver, **changes), 400, code)
    assert list(body["errors"]) == [field]
    assert not EmergencyRequest.objects.exists()


def test_emergency_for_another_drivers_vehicle_does_not_exist(session):
    stranger = DriverFactory(community=session.community)
    assert_problem(claim(stranger, vehicle_id=str(session.vehicle_id)), 404, "not_found")


def pending(session):
    community = session.driver.community
    community.emergency_needs_manager = True
    community.save()
    return claim(session.driver).json()


def test_emergency_waits_for_a_manager_where_the_community_wants_it(session):
    body = pending(session)
    assert body["state"] == "pending"
    assert body["reasons"] == [
        "The car itself tells a charge of 20 %.",
        "A manager confirms each emergency here.",
    ]
    manager = client_of(manager_of(session.community))
    answer = manager.post(
        f"/drivers/emergency/{body['id']}/decide", {"accept": True, "reason": "Known"}, format="json"
    ).json()
    assert (answer["state"], answer["reasons"][-1]) == ("accepted", "Known")


def test_emergency_is_not_decided_by_its_driver(session):
    body = pending(session)
    address = f"/drivers/emergency/{body['id']}/decide"
    assert_problem(
        client_of(session.driver.user).post(address, {"accept": True, "reason": "me"}, format="json"),
        403,
        "permission_denied",
    )
    assert EmergencyRequest.objects.get().state == EmergencyState.PENDING


def test_emergency_decided_twice_is_refused(session):
    body = pending(session)
    manager = client_of(manager_of(session.community))
    address = f"/drivers/emergency/{body['id']}/decide"
    manager.post(address, {"accept": False, "reason": "No"}, format="json")
    again = manager.post(address, {"accept": True, "reason": "Yes"}, format="json")
    assert_problem(again, 409, "illegal_move")


def test_emergency_is_revoked_by_its_driver(session):
    body = claim(session.driver).json()
    answer = client_of(session.driver.user).post(f"/drivers/emergency/{body['id']}/revoke").json()
    assert answer["state"] == "revoked"


def test_emergency_is_revoked_by_a_manager_with_a_reason(session):
    body = claim(session.driver).json()
    manager = client_of(manager_of(session.community))
    address = f"/drivers/emergency/{body['id']}/revoke"
    assert_problem(manager.post(address), 400, "invalid")
    assert manager.post(address, {"reason": "Refuted"}, format="json").json()["state"] == "revoked"


TERMS = "/drivers/emergency/terms"


def test_emergency_terms_say_what_is_left_and_what_it_costs(session):
    driver = session.driver
    claim(driver)
    TariffFactory(community=driver.community, emergency_surcharge_per_mwh_minor=8_000)
    DriverFactory(user=driver.user)
    terms = {row["community_id"]: row for row in client_of(driver.user).get(TERMS).json()}
    assert len(terms) == 2
    assert terms[str(driver.community_id)] == {
        "community_id": str(driver.community_id),
        "per_month": driver.community.emergencies_per_month,
        "used_this_month": 1,
        "needs_manager": False,
        "longest_h": 12,
        "surcharge_per_mwh_minor": 8_000,
        "currency": "EUR",
    }


def test_emergency_terms_of_who_drives_nowhere_are_none(session):
    assert client_of(manager_of(session.community)).get(TERMS).json() == []
