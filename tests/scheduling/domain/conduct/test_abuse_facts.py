from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from fleet.enums import ReadingSource
from fleet.models import VehicleReading
from grid.domain.audit import SYSTEM, record_entry
from scheduling.domain.conduct import abuse_facts
from scheduling.enums import EmergencyState
from scheduling.models import EmergencyRequest
from scheduling.rules.abuse import Charge, Intake, Served, Sign, Stay
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LONG_AGO = NOW - abuse_facts.STAYS_BACK - MINUTE


@pytest.fixture
def connector():
    return ConnectorFactory()


@pytest.fixture
def driver(connector):
    return DriverFactory(community=connector.community)


def session_of(connector, driver, **fields):
    """Charged from three to two hours ago and left an hour ago."""
    given = {
        "plugged_at": NOW - 3 * HOUR,
        "started_at": NOW - 3 * HOUR,
        "stopped_at": NOW - 2 * HOUR,
        "unplugged_at": NOW - HOUR,
        "state": SessionState.ENDED,
    }
    return SessionFactory(connector=connector, driver=driver, **(given | fields))


def test_stays_are_of_known_drivers_who_charge_no_more(connector, driver):
    left = session_of(connector, driver)
    here = session_of(connector, driver, unplugged_at=None, state=SessionState.FINISHED)
    session_of(connector, None)
    session_of(connector, driver, unplugged_at=LONG_AGO)
    session_of(ConnectorFactory(), driver)
    found = set(abuse_facts.read_stays(connector.community, now=NOW))
    assert found == {
        Stay(str(left.pk), str(driver.pk), NOW - 2 * HOUR, NOW - HOUR),
        Stay(str(here.pk), str(driver.pk), NOW - 2 * HOUR, None),
    }


def test_charges_are_of_cards_whatever_their_case_and_of_clocks_that_are_right(connector, driver):
    session = session_of(connector, driver, id_tag="card")
    session_of(connector, driver, id_tag="")
    session_of(connector, driver, id_tag="CARD", clock_suspect=True)
    session_of(connector, driver, id_tag="CARD", stopped_at=LONG_AGO)
    [found] = abuse_facts.read_charges(connector.community, now=NOW)
    assert found == Charge(
        str(session.pk), str(driver.pk), "CARD", str(connector.pk), "", NOW - 3 * HOUR, NOW - 2 * HOUR
    )


def test_slots_say_what_their_stay_received(connector, driver):
    session = session_of(connector, driver, energy_before_wh=1_000, energy_wh=4_000)
    for fields in ({"session": session}, {}, {"created_at": NOW - 40 * HOUR}):
        SlotRequestFactory(
            **({"community": connector.community, "cluster": connector.circuit.cluster, "driver": driver}
            | {"created_at": NOW - 3 * HOUR} | fields)
        )  # fmt: skip
    slots = abuse_facts.read_slots(connector.community, since=NOW - 30 * HOUR)
    assert sorted(slot.received_wh for slot in slots) == [0, 5_000]


@pytest.mark.parametrize(
    ("fields", "is_read"),
    [
        ({}, True),
        ({"state": EmergencyState.ACCEPTED}, True),
        ({"state": EmergencyState.REFUSED}, False),
        ({"granted_wh": 0}, False),
        ({"session": None}, False),
    ],
)
def test_served_emergencies_end_with_the_last_transaction_of_their_stay(connector, driver, fields, is_read):
    first = session_of(connector, driver, unplugged_at=NOW - 2 * HOUR)
    session_of(connector, driver, stay_id=first.stay_id, plugged_at=NOW - 2 * HOUR)
    given = {"session": first, "state": EmergencyState.DONE, "granted_wh": 5_000} | fields
    claim = EmergencyRequest.objects.create(
        community=connector.community,
        driver=driver,
        reason="Hospital",
        energy_wh=5_000,
        needed_by=NOW - 4 * HOUR,
        until=NOW - 4 * HOUR,
        state_since=NOW,
        created_at=NOW,
        **given,
    )
    served = list(abuse_facts.read_served(connector.community, now=NOW))
    expected = Served(str(claim.pk), str(driver.pk), NOW - 4 * HOUR, 5_000, NOW - HOUR)
    assert served == ([expected] if is_read else [])


def tell(vehicle, at, charge_pct):
    VehicleReading.objects.create(
        community=vehicle.community,
        vehicle=vehicle,
        measured_at=at,
        received_at=at,
        source=ReadingSource.SMARTCAR,
        charge_pct=charge_pct,
    )


def test_intakes_take_the_nearest_words_of_the_car_while_it_stood_there(
    connector, driver, django_assert_num_queries
):
    vehicle = VehicleFactory(driver=driver)
    session = session_of(connector, driver, vehicle=vehicle, energy_wh=6_000)
    session_of(connector, driver, vehicle=VehicleFactory(driver=driver, battery_wh=None))
    begin, end = session.started_at, session.stopped_at
    for at, charge_pct in (
        (begin - 50 * MINUTE, 10),
        (begin - MINUTE, 20),
        (end - MINUTE, 29),
        (end + MINUTE, 30),
    ):
        tell(vehicle, at, charge_pct)
    with django_assert_num_queries(2):
        found = list(abuse_facts.read_intakes(connector.community, now=NOW))
    assert found == [Intake(str(session.pk), str(driver.pk), 6_000, 60_000, 20, 30)]


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [
        (-60 * MINUTE, 45 * MINUTE, (20, 30)),
        (10 * MINUTE, -10 * MINUTE, (20, 30)),
        (-61 * MINUTE, 0 * MINUTE, None),
        (11 * MINUTE, 0 * MINUTE, None),
        (0 * MINUTE, 46 * MINUTE, None),
        (0 * MINUTE, -11 * MINUTE, None),
    ],
)
def test_words_count_for_an_end_only_near_it(connector, driver, before, after, ends):
    vehicle = VehicleFactory(driver=driver)
    session = session_of(connector, driver, vehicle=vehicle)
    tell(vehicle, session.started_at + before, 20)
    tell(vehicle, session.stopped_at + after, 30)
    found = [(row.from_pct, row.to_pct) for row in abuse_facts.read_intakes(connector.community, now=NOW)]
    assert found == ([ends] if ends else [])


def test_signs_are_of_whose_car_stood_at_that_charger_then(connector, driver, django_assert_num_queries):
    community = connector.community
    with django_assert_num_queries(1):
        assert list(abuse_facts.read_signs(community, now=NOW)) == []
    for kind, at in (
        ("TamperDetectionActivated", NOW - 2 * HOUR),
        ("TamperDetectionActivated", NOW - 30 * MINUTE),
        ("SettingSystemTime", NOW - 2 * HOUR),
    ):
        record_entry(
            actor=SYSTEM,
            action=abuse_facts.SECURITY_EVENT,
            target=connector.charge_point,
            now=at,
            after={"kind": kind},
        )
    session = session_of(connector, driver)
    session_of(ConnectorFactory(circuit=connector.circuit), driver)
    assert list(abuse_facts.read_signs(community, now=NOW)) == [
        Sign(str(session.pk), str(driver.pk), "TamperDetectionActivated", NOW - 2 * HOUR)
    ]
