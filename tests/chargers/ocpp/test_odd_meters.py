"""Meters whose clock is off, that tell each phase on its own, or that speak for another cause: what flows is seen. Without a wire."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import DrawSource
from chargers.models import Connector, Session, StrayDraw
from chargers.ocpp.v16 import V16
from chargers.ocpp.v21 import V21
from chargers.ocpp.v201 import V201
from tests.chargers.ocpp.station import Desked, Station, moment
from tests.factories.chargers import ConnectorFactory

ALL = ("L1", "L2", "L3")


@pytest.fixture
def connector(db) -> Connector:
    return ConnectorFactory(max_current_ma=32_000)


@pytest.fixture
def typed(connector) -> Desked:
    """An active transaction of a charger that tells no time with its statuses."""
    typed = Desked(connector, V16)
    typed.call("StatusNotification", {"connectorId": 1, "status": "Preparing", "errorCode": "NoError"})
    payload = {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": moment(datetime.now(UTC))}
    typed.call("StartTransaction", payload)
    return typed


def amperes(value: float, phases=ALL, **more) -> list:
    return [
        {"value": str(value), "measurand": "Current.Import", "unit": "A", "phase": phase, **more}
        for phase in phases
    ]


def tell(typed: Desked, *moments: tuple[datetime, list], at: datetime) -> None:
    values = [{"timestamp": moment(said), "sampledValue": told} for said, told in moments]
    typed.call("MeterValues", {"connectorId": 1, "meterValue": values}, at=at)
    typed.desk.write_owed(now=at + timedelta(seconds=1))


def currents() -> tuple[int | None, ...]:
    session = Session.objects.get()
    return session.current_l1_ma, session.current_l2_ma, session.current_l3_ma


# A clock that is off


@pytest.mark.parametrize("late", [timedelta(minutes=5), timedelta(hours=2), timedelta(days=20_000)], ids=str)
@pytest.mark.parametrize("every_s", [1, 10, 60])
def test_flow_is_seen_by_a_clock_that_is_late(typed, late, every_s):
    began = datetime.now(UTC)
    for step in range(round(30 / every_s) + 3):
        at = began + timedelta(seconds=every_s * step)
        tell(typed, (at - late, amperes(32)), at=at)
    assert currents() == (32_000, 32_000, 32_000)


def test_older_moments_of_one_message_are_of_the_past_by_a_late_clock_too(typed):
    began = datetime.now(UTC)
    for step in range(5):
        at = began + timedelta(seconds=10 * step)
        said = at - timedelta(hours=2)
        tell(typed, (said, amperes(6)), (said - timedelta(minutes=4), amperes(32)), at=at)
    assert currents() == (6_000, 6_000, 6_000)


@pytest.mark.parametrize("every_s", [5, 10, 60])
def test_queue_that_is_flushed_says_nothing_of_now(typed, every_s):
    began = datetime.now(UTC)
    for step in range(120):
        said = began - timedelta(hours=3) + timedelta(seconds=every_s * step)
        tell(typed, (said, amperes(32)), at=began + timedelta(seconds=0.3 * step))
    assert currents() == (None, None, None)


# Phases


def test_phases_of_several_moments_of_a_message_are_one_draw(typed):
    at = datetime.now(UTC)
    tell(typed, *((at, amperes(16, (phase,))) for phase in ALL), at=at)
    assert currents() == (16_000, 16_000, 16_000)


def test_phases_of_several_messages_are_one_draw_while_they_are_fresh(typed):
    at = datetime.now(UTC)
    for phase in ALL:
        at += timedelta(seconds=2)
        tell(typed, (at, amperes(16, (phase,))), at=at)
    assert currents() == (16_000, 16_000, 16_000)
    at += timedelta(seconds=61)
    tell(typed, (at, amperes(10, ("L1",))), at=at)
    assert currents() == (10_000, 0, 0)


def test_powers_of_phases_that_come_apart_are_summed(typed):
    at = datetime.now(UTC)
    for phase in ALL:
        at += timedelta(seconds=2)
        watts = [{"value": "2300", "measurand": "Power.Active.Import", "unit": "W", "phase": phase}]
        tell(typed, (at, watts), at=at)
    session = Session.objects.get()
    assert (session.power_w, currents()) == (6_900, (10_000, 10_000, 10_000))
    assert session.draw_source == DrawSource.PHASE_POWER


@pytest.mark.parametrize("total_w", [None, 6_000, 11_040])
def test_one_phase_alone_shows_no_car_of_one_phase(typed, total_w):
    at = datetime.now(UTC)
    total = (
        [] if total_w is None else [{"value": str(total_w), "measurand": "Power.Active.Import", "unit": "W"}]
    )
    tell(typed, (at, [*amperes(16, ("L1",)), *total]), at=at)
    assert Session.objects.get().phases_seen in ("", "RST")


@pytest.mark.parametrize(
    "told",
    [
        [*amperes(16, ("L1",)), *amperes(0, ("L2", "L3"))],
        [*amperes(16, ("L1",)), {"value": "3600", "measurand": "Power.Active.Import", "unit": "W"}],
    ],
    ids=["0 on the others", "the total is as much"],
)
def test_car_of_one_phase_is_known_where_nothing_flows_on_the_others(typed, told):
    at = datetime.now(UTC)
    tell(typed, (at, told), at=at)
    assert (currents(), Session.objects.get().phases_seen) == ((16_000, 0, 0), "R")


# Causes


@pytest.mark.parametrize("context", ["Other", "Trigger", "Sample.Clock"])
def test_flow_is_seen_whatever_made_the_meter_speak(typed, context):
    at = datetime.now(UTC)
    tell(typed, (at, amperes(32, context=context)), at=at)
    assert currents() == (32_000, 32_000, 32_000)


@pytest.mark.parametrize("context", ["Transaction.Begin", "Interruption.Begin", "Interruption.End"])
def test_flow_at_another_moment_than_now_is_none(typed, context):
    at = datetime.now(UTC)
    tell(typed, (at, amperes(32, context=context)), at=at)
    assert currents() == (None, None, None)


@pytest.mark.parametrize("version", [V201, V21], ids=["2.0.1", "2.1"])
@pytest.mark.parametrize("number", [1, 2, 9])
def test_flow_after_the_end_is_seen_whatever_the_number_of_its_event(connector, version, number):
    station = Station(Desked(connector, version))
    station.event("Started", 0, state="Charging", wh=0)
    station.event("Updated", 1, state="Charging", wh=10)
    station.event("Ended", 2, wh=100)
    value = [{"value": 32, "measurand": "Current.Import", "phase": phase} for phase in ALL]
    told = [{"timestamp": moment(datetime.now(UTC)), "sampledValue": value}]
    station.event("Updated", number, meterValue=told, trigger="MeterValuePeriodic")
    assert StrayDraw.objects.get().current_ma == (32_000, 32_000, 32_000)
    session = Session.objects.get()
    assert (session.energy_wh, session.power_w, session.state) == (100, 0, "finished")
