from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chargers.domain import intake
from chargers.enums import SessionState
from chargers.reports.base import Source
from chargers.reports.news import SecurityReport
from drivers.models import Notification, Strike
from fleet.enums import ReadingSource
from fleet.models import VehicleReading
from grid.models import AuditEntry
from scheduling.domain.conduct.abuse import scan_communities
from scheduling.enums import EmergencyState
from scheduling.models import AbuseFinding, EmergencyRequest, HouseRules
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
START = NOW - timedelta(hours=1)


def test_scan_finds_a_shared_tag_once():
    first = ConnectorFactory()
    driver = DriverFactory(community=first.community)
    for connector in (first, ConnectorFactory(circuit=first.circuit)):
        last = SessionFactory(
            connector=connector,
            driver=driver,
            id_tag="TAG",
            plugged_at=START,
            started_at=START + timedelta(minutes=connector.number),
            state=SessionState.ACTIVE,
        )
    assert [scan_communities(now=NOW), scan_communities(now=NOW)] == [1, 0]
    finding = AbuseFinding.objects.get()
    assert (finding.kind, finding.driver, finding.evidence["together_s"]) == ("tag_sharing", driver, 3_540)
    assert str(last.pk) in finding.evidence["sessions"]


@pytest.fixture
def stay():
    """A linked car that charged 10 kWh within an hour, as the meter says, and left."""
    connector = ConnectorFactory()
    vehicle = VehicleFactory(driver=DriverFactory(community=connector.community), battery_wh=60_000)
    return SessionFactory(
        connector=connector,
        driver=vehicle.driver,
        vehicle=vehicle,
        plugged_at=START,
        started_at=START,
        stopped_at=NOW,
        unplugged_at=NOW + timedelta(minutes=5),
        state=SessionState.ENDED,
        energy_wh=10_000,
    )


def told(session, at, charge_pct, source=ReadingSource.SMARTCAR):
    VehicleReading.objects.create(
        community=session.community,
        vehicle=session.vehicle,
        measured_at=at,
        received_at=at,
        source=source,
        charge_pct=charge_pct,
    )


def findings():
    return list(AbuseFinding.objects.values_list("kind", "driver_id"))


def test_scan_finds_a_meter_that_counts_less_than_the_car_took_in(stay):
    told(stay, START - timedelta(minutes=5), 20)
    told(stay, NOW + timedelta(minutes=2), 80)
    assert scan_communities(now=NOW + timedelta(minutes=10)) == 1
    finding = AbuseFinding.objects.get()
    assert (finding.kind, finding.driver, finding.session) == ("energy_mismatch", stay.driver, stay)
    assert (finding.evidence["metered_wh"], finding.evidence["expected_wh"]) == (10_000, 40_000)


def test_scan_believes_no_word_from_before_the_stay_after_it_or_by_the_driver(stay):
    told(stay, START - timedelta(hours=3), 20)
    told(stay, NOW + timedelta(minutes=30), 80)
    told(stay, START, 20, ReadingSource.DRIVER)
    told(stay, NOW, 80, ReadingSource.DRIVER)
    assert scan_communities(now=NOW + timedelta(hours=1)) == 0


def test_scan_takes_tampering_for_a_sign_against_who_stood_there(stay):
    charge_point = stay.connector.charge_point
    source = Source(charge_point.pk, charge_point.cluster_id, charge_point.community_id, uuid4())
    for kind, at in (("TamperDetectionActivated", START), ("SettingSystemTime", START)):
        intake.Desk().take([SecurityReport(source=source, received_at=at, kind=kind, charger_at=at)])
    assert scan_communities(now=NOW + timedelta(minutes=10)) == 1
    finding = AbuseFinding.objects.get()
    assert (finding.kind, finding.driver) == ("tampering", stay.driver)
    assert finding.evidence == {"events": [{"kind": "TamperDetectionActivated", "at": START.isoformat()}]}


def test_scan_refutes_an_emergency_whose_car_stayed(stay):
    EmergencyRequest.objects.create(
        community=stay.community,
        driver=stay.driver,
        session=stay,
        reason="Hospital",
        energy_wh=5_000,
        granted_wh=5_000,
        needed_by=NOW - timedelta(hours=4),
        until=NOW - timedelta(hours=4),
        state=EmergencyState.DONE,
        state_since=NOW,
        created_at=START,
    )
    scan_communities(now=NOW + timedelta(minutes=10))
    assert findings() == [("refuted_emergency", stay.driver_id)]


def test_finding_waits_for_a_manager_unless_the_house_rules_count_it_at_once(stay):
    told(stay, START - timedelta(minutes=5), 20)
    told(stay, NOW + timedelta(minutes=2), 80)
    rules = HouseRules.objects.create(community=stay.community, strikes_without_manager=["no_show"])
    scan_communities(now=NOW + timedelta(minutes=10))
    assert not Strike.objects.exists()
    AbuseFinding.objects.all().delete()
    rules.strikes_without_manager = ["energy_mismatch"]
    rules.save()
    later = NOW + timedelta(minutes=20)
    assert [scan_communities(now=later), scan_communities(now=later + timedelta(minutes=1))] == [1, 0]
    strike = Strike.objects.get()
    assert (strike.kind, strike.driver, strike.decision_told) == (
        "energy_mismatch",
        stay.driver,
        "By the house rules, without a manager.",
    )
    assert AbuseFinding.objects.get().strike == strike
    assert AuditEntry.objects.get(action="finding.strike").actor_label == "EV Balancer"
    assert "You can appeal" in Notification.objects.get().told


def test_thresholds_are_the_communitys_own(stay):
    told(stay, START - timedelta(minutes=5), 20)
    told(stay, NOW + timedelta(minutes=2), 80)
    HouseRules.objects.create(community=stay.community, energy_tolerance_wh=40_000)
    assert scan_communities(now=NOW + timedelta(minutes=10)) == 0
