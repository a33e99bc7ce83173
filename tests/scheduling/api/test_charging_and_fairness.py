import csv
import io
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from chargers.enums import ConnectorStatus, SessionState
from chargers.events import CarLeft, TransactionEnded, TransactionStarted
from drivers.models import Strike
from evbalancer.common.events import publish
from evbalancer.common.words.said import Said
from scheduling.domain.conduct import abuse, emergencies
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import AbuseFinding, Allotment, EmergencyRequest, FairnessEntry
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory, ClusterFactory
from tests.factories.pricing import TariffFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def connector():
    now = timezone.now()
    return ConnectorFactory(
        circuit=CircuitFactory(),
        status=ConnectorStatus.CHARGING,
        charge_point__online_until=now + timedelta(minutes=5),
        fallback_ma=0,
        fallback_confirmed_at=now,
        confirmed_ma=9_000,
        wanted_ma=9_000,
    )


@pytest.fixture
def driver(connector):
    return DriverFactory(community=connector.community)


@pytest.fixture
def session(connector, driver):
    now = timezone.now()
    return SessionFactory(
        connector=connector,
        driver=driver,
        vehicle=VehicleFactory(driver=driver, battery_wh=50_000),
        plugged_at=now - timedelta(hours=2),
        started_at=now - timedelta(hours=2),
        metered_at=now,
        state=SessionState.ACTIVE,
        power_w=6_000,
        energy_wh=10_000,
        charge_pct=60,
    )


def status(driver):
    return client_of(driver.user).get("/drivers/charging/status").json()


def test_charging_status_says_power_energy_cost_limit_and_why(session, connector, driver):
    TariffFactory(community=connector.community)
    now = timezone.now()
    Allotment.objects.create(
        community=connector.community,
        connector=connector,
        session=session,
        wanted_ma=9_000,
        reason="circuit_full",
        facts={"circuit": "Feeder B", "phase": 1, "sharing": 3},
        since=now,
        at=now,
    )
    [row] = status(driver)["charging"]
    expected = {
        "state": "charging",
        "why": "9 A: Feeder B, phase L2 is full; 3 cars share it",
        "limit_ma": 9_000,
        "power_w": 6_000,
        "energy_wh": 10_000,
        "wanted_wh": 30_000,
        "cost_minor": 300,
        "currency": "EUR",
    }
    assert {name: row[name] for name in expected} == expected
    assert row["finish_at"] is not None
    assert len(row["could"]) == 2


def test_charging_status_lists_the_slots_to_come(driver, connector):
    slot = SlotRequestFactory(cluster=connector.circuit.cluster, driver=driver, created_at=timezone.now())
    body = status(driver)
    assert (body["charging"], [row["id"] for row in body["slots"]]) == ([], [str(slot.pk)])


def test_charging_status_of_a_neighbour_is_empty(session, driver):
    body = status(DriverFactory(community=driver.community))
    assert (body["charging"], body["slots"]) == ([], [])


def test_started_and_ended_transaction_moves_slot_emergency_and_ledger_together(session, driver, connector):
    cluster = connector.circuit.cluster
    slot = SlotRequestFactory(cluster=cluster, driver=driver, created_at=timezone.now(), energy_wh=40_000)
    event = {"session_id": session.pk, "cluster_id": cluster.pk}
    with transaction.atomic():
        publish(TransactionStarted(**event))
    slot.refresh_from_db()
    assert (slot.state, slot.session) == (SlotState.ACTIVE, session)
    needed_by = timezone.now() + timedelta(hours=2)
    claim = emergencies.request_emergency(
        driver, reason="x", energy_wh=5_000, needed_by=needed_by, now=timezone.now()
    )
    with transaction.atomic():
        publish(TransactionEnded(**event))
    slot.refresh_from_db()
    claim.refresh_from_db()
    assert (slot.state, claim.state) == (SlotState.ACTIVE, EmergencyState.ACCEPTED)
    with transaction.atomic():
        publish(CarLeft(**event))
    slot.refresh_from_db()
    claim.refresh_from_db()
    assert (slot.state, claim.state) == (SlotState.FULFILLED, EmergencyState.DONE)
    entry = FairnessEntry.objects.get()
    assert (entry.wanted_wh, entry.received_wh) == (40_000, 10_000)


def test_emergency_ends_when_its_energy_has_flowed_or_its_time_is_over(session, driver):
    now = timezone.now()
    ask = {"reason": "x", "energy_wh": 5_000, "needed_by": now + timedelta(hours=2), "now": now}
    emergencies.request_emergency(driver, **ask)
    assert emergencies.finish_due(now=now) == 0
    session.energy_wh += 5_000
    session.save()
    assert emergencies.finish_due(now=now) == 1
    emergencies.request_emergency(driver, **ask)
    assert emergencies.finish_due(now=now + timedelta(hours=2)) == 1
    assert [row.reasons[-1] for row in EmergencyRequest.objects.order_by("state_since")] == [
        Said("emergency.served"),
        Said("emergency.time_over"),
    ]


def ledger(connector, driver, received_wh, name=None):
    now = timezone.now()
    session = SessionFactory(connector=connector, driver=driver, state=SessionState.ENDED, plugged_at=now)
    return FairnessEntry.objects.create(
        community=connector.community,
        cluster=connector.circuit.cluster,
        driver=driver,
        session=session,
        at=now,
        wanted_wh=10_000,
        received_wh=received_wh,
    )


def test_fairness_shows_managers_every_driver_and_drivers_their_own_line(connector, driver):
    ledger(connector, driver, 5_000)
    for _ in range(4):
        ledger(connector, DriverFactory(community=connector.community, name="NEIGHBOUR"), 10_000)
    manager = client_of(manager_of(connector.community)).get("/analytics/fairness").json()
    assert [line["satisfaction"] for line in manager["drivers"]] == [0.5, 1.0, 1.0, 1.0, 1.0]
    response = client_of(driver.user).get("/analytics/fairness")
    own = response.json()
    assert [line["driver_id"] for line in own["drivers"]] == [str(driver.pk)]
    assert own["deciles"] == [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert (own["jain"], own["worst_decile"], own["met_share"]) == (manager["jain"], 0.5, 0.8)
    assert b"NEIGHBOUR" not in response.content


@pytest.mark.promise("S12")
def test_fairness_csv_runs_no_formula_and_is_for_managers(connector, driver):
    for start in "=+-@\t":
        ledger(connector, DriverFactory(community=connector.community, name=f"{start}cmd()"), 1)
    assert_problem(client_of(driver.user).get("/analytics/fairness.csv"), 403, "permission_denied")
    response = client_of(manager_of(connector.community)).get("/analytics/fairness.csv")
    text = b"".join(response).decode().lstrip("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert sorted(row["driver"][:2] for row in rows) == sorted(f"'{start}" for start in "=+-@\t")
    assert response.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?start=2026-02-01T00:00:00Z&end=2026-01-01T00:00:00Z", "invalid"),
        ("?start=2020-01-01T00:00:00Z&end=2026-01-01T00:00:00Z", "invalid"),
        ("?start=yesterday", "invalid"),
        ("?start=2026-01-01T00:00:00&time_zone=Nowhere", "invalid"),
        ("?cluster=7", "invalid"),
    ],
)
def test_fairness_of_a_strange_period_is_refused(driver, query, code):
    assert_problem(client_of(driver.user).get("/analytics/fairness" + query), 400, code)


def test_fairness_of_a_foreign_cluster_does_not_exist(driver):
    foreign = ClusterFactory()
    assert_problem(client_of(driver.user).get(f"/analytics/fairness?cluster={foreign.pk}"), 404, "not_found")


def test_abuse_scan_finds_an_overstay_once_and_a_manager_makes_it_a_strike(connector, driver):
    now = timezone.now()
    SessionFactory(
        connector=connector,
        driver=driver,
        state=SessionState.FINISHED,
        plugged_at=now - timedelta(hours=9),
        stopped_at=now - timedelta(hours=3),
    )
    SlotRequestFactory(
        cluster=connector.circuit.cluster,
        created_at=now - timedelta(hours=1),
        state=SlotState.QUEUED,
        promised_wh=0,
    )
    assert (abuse.scan_communities(now=now), abuse.scan_communities(now=now)) == (1, 0)
    finding = AbuseFinding.objects.get()
    assert (finding.kind, finding.evidence["others_waited_s"]) == ("overstay", 3600)
    address = f"/drivers/findings/{finding.pk}/decide"
    verdict = {"accept": True, "reason": "Twice this week"}
    assert_problem(client_of(driver.user).post(address, verdict, format="json"), 403, "permission_denied")
    manager = client_of(manager_of(connector.community))
    assert manager.post(address, verdict, format="json").json()["state"] == "strike"
    assert_problem(manager.post(address, verdict, format="json"), 409, "state_moved")
    assert Strike.objects.get().driver == driver
