"""Events of 2.0.1 transactions that come late, twice, in the wrong order or not at all. Without a wire."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from chargers.enums import ConnectorStatus, SessionState
from chargers.models import ChargePoint, Connector, OrphanMessage, Session
from drivers.models import IdTag
from pricing.models import BillLine
from scheduling.enums import SlotState
from tests.chargers.ocpp.station import Desked, Station, moment, reading
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, IdTagFactory
from tests.factories.scheduling import SlotRequestFactory


@pytest.fixture
def connector(db) -> Connector:
    return ConnectorFactory(max_current_ma=32_000)


@pytest.fixture
def tag(connector) -> IdTag:
    return IdTagFactory(driver=DriverFactory(community=connector.community), token="VALID")


@pytest.fixture
def station(connector) -> Station:
    return Station(Desked(connector))


@pytest.fixture
def charging(station, tag) -> None:
    station.status("Occupied")
    station.event("Started", 0, state="Charging", token="VALID", wh=1_000, trigger="Authorized")


def session() -> Session:
    return Session.objects.get()


def status() -> str:
    return Connector.objects.get().status


def test_offline_queue_is_exact_and_its_history_is_no_live_load(station, tag):
    began = datetime.now(UTC) - timedelta(hours=3)
    at = [moment(began + timedelta(minutes=10 * n)) for n in range(8)]
    station.event("Started", 0, state="Charging", token="VALID", wh=0, at=at[0], offline=True)
    for n in range(1, 7):
        station.event(
            "Updated", n, state="Charging", wh=n * 500, at=at[n], offline=True, trigger="MeterValuePeriodic"
        )
    assert (session().energy_wh, session().power_w) == (3_000, None)
    assert status() != ConnectorStatus.CHARGING
    station.event("Ended", 7, wh=3_500, at=at[7], offline=True)
    assert (session().energy_wh, session().events_heard) == (3_500, "0-7")
    assert (session().stopped_at - session().started_at) == timedelta(minutes=70)


@pytest.mark.promise("O2")
def test_event_whose_start_was_lost_begins_the_session_and_the_late_start_puts_it_right(station, tag):
    began = datetime.now(UTC) - timedelta(minutes=5)
    station.event("Updated", 2, state="Charging", wh=1_400, trigger="MeterValuePeriodic")
    assert (session().state, session().meter_start_wh) == (SessionState.ACTIVE, 1_400)
    station.event("Updated", 3, state="Charging", wh=1_600, trigger="MeterValuePeriodic")
    station.event("Started", 0, state="Charging", token="VALID", wh=1_000, at=moment(began))
    assert (session().energy_wh, session().driver, session().started_at) == (600, tag.driver, began)
    assert session().events_heard == "0,2-3"
    station.event("Ended", 4, wh=1_900)
    assert BillLine.objects.get().energy_wh == session().energy_wh == 900


@pytest.mark.promise("O2")
def test_end_before_its_start_is_one_session_billed_once_the_start_is_told(station, tag):
    began = datetime.now(UTC) - timedelta(minutes=5)
    station.event("Ended", 1, wh=2_000, token="VALID")
    assert OrphanMessage.objects.get().why.startswith("ended, and its start was not told")
    assert BillLine.objects.count() == 0
    station.event("Started", 0, state="Charging", token="VALID", wh=1_500, at=moment(began))
    assert (session().energy_wh, session().events_heard) == (500, "0-1")
    assert session().state != SessionState.ACTIVE
    assert BillLine.objects.get().energy_wh == 500


@pytest.mark.promise("O2")
def test_end_that_brings_its_begin_is_whole_by_itself(station, tag):
    values = [reading(100, context="Transaction.Begin"), reading(400, context="Transaction.End")]
    station.event("Ended", 5, token="VALID", meterValue=values)
    assert (session().energy_wh, session().driver) == (300, tag.driver)
    assert BillLine.objects.get().energy_wh == 300
    assert OrphanMessage.objects.count() == 0


@pytest.mark.promise("O3")
def test_events_that_fit_nothing_are_confirmed_kept_and_shown(station, tag):
    station.event("Started", 0, evse=9, token="VALID", wh=0)
    station.event("Started", 0, uid="a", state="Charging", token="VALID", wh=0)
    station.event("Ended", 1, uid="a", wh=-5, evse=None)
    station.event("Started", 0, uid="a", state="Charging", wh=50, at=moment(datetime.now(UTC)))
    whys = set(OrphanMessage.objects.values_list("why", flat=True))
    assert whys == {"started: there is no connector 9", "its id was used by an earlier transaction"}
    assert session().energy_wh == 0


def test_transaction_begun_while_another_runs_abandons_that_one(station, charging):
    station.event("Started", 0, uid="tx-2", state="Charging", token="VALID", wh=1_200)
    first, second = Session.objects.order_by("started_at")
    assert (first.state, first.stop_reason) == (SessionState.ENDED, "Another transaction began")
    assert second.state == SessionState.ACTIVE


def test_start_button_needs_no_card(station):
    token = {"idToken": "", "type": "NoAuthorization"}
    started = station.event("Started", 0, state="Charging", wh=0, idToken=token)
    assert started["idTokenInfo"] == {"status": "Accepted"}
    assert session().driver is None


@pytest.mark.promise("O1")
def test_any_order_with_repetitions_is_one_session_with_exact_energy(station, tag):
    began = datetime.now(UTC) - timedelta(minutes=30)
    for seed in range(20):
        random, uid, start_wh = Random(seed), f"tx-{seed}", 1_000 * seed
        times = [moment(began + timedelta(minutes=seed, seconds=5 * n)) for n in range(5)]
        events = [
            {"kind": "Started", "sequence": 0, "wh": start_wh, "token": "VALID"},
            *({"kind": "Updated", "sequence": n, "wh": start_wh + 100 * n} for n in (1, 2, 3)),
            {"kind": "Ended", "sequence": 4, "wh": start_wh + 700},
        ]
        events += random.choices(events, k=4)
        random.shuffle(events)
        for event in events:
            station.event(uid=uid, at=times[event["sequence"]], **event)
        one = Session.objects.get(transaction_uid=uid)
        assert (one.energy_wh, one.events_heard, one.driver) == (700, "0-4", tag.driver), events
        assert one.state != SessionState.ACTIVE
        assert sum(line.energy_wh for line in BillLine.objects.filter(session=one)) == 700
    assert Session.objects.count() == 20


@pytest.mark.parametrize("answer", ["blocked", "expired", "unknown"])
def test_rejected_card_consumes_no_slot_and_the_good_one_that_follows_does(station, connector, tag, answer):
    slot = SlotRequestFactory(
        cluster=connector.charge_point.cluster,
        driver=tag.driver,
        not_before=datetime.now(UTC) - timedelta(minutes=1),
        ready_by=datetime.now(UTC) + timedelta(hours=8),
        state=SlotState.PROMISED,
        created_at=datetime.now(UTC) - timedelta(hours=1),
    )
    past = datetime.now(UTC) - timedelta(days=1)
    if answer != "unknown":
        changes = {"blocked_at": past} if answer == "blocked" else {"expires_at": past}
        IdTagFactory(driver=tag.driver, token="BAD", **changes)
    station.event("Started", 0, state="EVConnected", trigger="CablePluggedIn")
    station.event("Updated", 1, token="BAD", state="EVConnected", trigger="Authorized")
    slot.refresh_from_db()
    assert (slot.state, slot.session) == (SlotState.PROMISED, None)
    station.event("Updated", 2, token="VALID", state="Charging", trigger="Authorized")
    slot.refresh_from_db()
    assert (slot.state, slot.session) == (SlotState.ACTIVE, session())
    assert (session().driver, session().id_tag) == (tag.driver, "VALID")


def test_event_that_waited_while_its_station_restarted_shows_no_car(station, tag):
    station.status("Available")
    began = datetime.now(UTC) - timedelta(seconds=40)
    ChargePoint.objects.update(booted_at=began + timedelta(seconds=20))
    station.event("Started", 0, state="Charging", token="VALID", wh=1_000, at=moment(began))
    assert (status(), session().state) == (ConnectorStatus.AVAILABLE, SessionState.ACTIVE)
    station.event("Updated", 1, state="Charging", trigger="ChargingStateChanged")
    assert status() == ConnectorStatus.CHARGING
