from datetime import UTC, datetime

import pytest

from chargers.domain.sessions import needs
from chargers.enums import OcppVersion, SessionState
from chargers.models import Connector, Session
from chargers.ocpp.v21 import V21
from chargers.ocpp.v201 import V201
from drivers.enums import AuthorizationStatus
from tests.chargers.ocpp.station import Desked
from tests.factories.chargers import ConnectorFactory, SessionFactory

NOW = datetime(2026, 11, 30, 18, tzinfo=UTC)
AC = {"energyAmount": 12_000, "evMinCurrent": 8, "evMaxCurrent": 13, "evMaxVoltage": 240}
pytestmark = pytest.mark.django_db


@pytest.fixture
def connector() -> Connector:
    return ConnectorFactory(
        charge_point__ocpp_version=OcppVersion.V201,
        fallback_ma=6_000,
        confirmed_ma=16_000,
        max_current_ma=32_000,
    )


@pytest.fixture
def session(connector) -> Session:
    return SessionFactory(
        connector=connector, state=SessionState.ACTIVE, started_at=NOW, plugged_at=NOW, transaction_uid="tx", energy_wh=1_000,
    )  # fmt: skip


def ask(connector: Connector, *, version=V201, evse: int = 1, **told) -> str:
    payload = {
        "evseId": evse,
        "chargingNeeds": {"requestedEnergyTransfer": "AC_three_phase", "acChargingParameters": AC, **told},
    }
    return Desked(connector, version).call("NotifyEVChargingNeeds", payload, at=NOW)["status"]


def schedule(connector: Connector, *, version=V201, unit: str = "A", limits=(16.0,)) -> str:
    periods = [{"startPeriod": 60 * at, "limit": limit} for at, limit in enumerate(limits)]
    payload = {
        "timeBase": "2026-11-30T18:00:00Z",
        "evseId": 1,
        "chargingSchedule": {"id": 1, "chargingRateUnit": unit, "chargingSchedulePeriod": periods},
    }
    return Desked(connector, version).call("NotifyEVChargingSchedule", payload, at=NOW)["status"]


@pytest.mark.parametrize("version", [V201, V21])
def test_needs_of_a_running_transaction_are_kept_and_accepted(connector, session, version):
    departs = "2026-12-01T06:30:00Z"
    assert ask(connector, version=version, departureTime=departs) == "Accepted"
    session.refresh_from_db()
    assert needs.told_least_ma(session) == 8_000
    assert needs.told_most_ma(session, phases=3, volts=230) == 13_000
    assert needs.departs_at(session) == datetime(2026, 12, 1, 6, 30, tzinfo=UTC)
    assert needs.asked_room_wh(session) == 12_000
    session.energy_wh += 5_000
    assert needs.asked_room_wh(session) == 7_000


def test_needs_before_the_transaction_are_kept_for_it(connector, session):
    Session.objects.update(state=SessionState.PLUGGED_IN, started_at=None)
    assert ask(connector) == "Processing"
    assert needs.told_least_ma(Session.objects.get()) == 8_000


def test_needs_of_no_session_wait_for_one_and_those_of_a_refused_card_are_rejected(connector, session):
    Session.objects.update(verdict=AuthorizationStatus.BLOCKED)
    assert ask(connector) == "Rejected"
    assert Session.objects.get().needs is None
    Session.objects.update(state=SessionState.ENDED)
    assert ask(connector) == "Processing"
    assert ask(connector, evse=7) == "Rejected"


def test_direct_current_counts_by_its_power(connector, session):
    dc = {
        "evMaxCurrent": 300,
        "evMaxVoltage": 400,
        "evMaxPower": 6_900,
        "energyAmount": 30_000,
        "stateOfCharge": 40,
    }
    assert (
        ask(connector, requestedEnergyTransfer="DC", acChargingParameters=AC | {}, dcChargingParameters=dc)
        == "Accepted"
    )
    session.refresh_from_db()
    assert session.needs["charge_pct"] == 40
    assert needs.told_least_ma(session) == 0
    assert needs.told_most_ma(session, phases=3, volts=230) == 10_000


def test_car_that_draws_more_than_it_said_is_not_believed(connector, session):
    ask(connector)
    session.refresh_from_db()
    session.current_l1_ma = 13_900
    assert needs.told_most_ma(session, phases=3, volts=230) == 13_000
    session.current_l1_ma = 14_500
    assert needs.told_most_ma(session, phases=3, volts=230) is None


def test_session_without_a_word_has_no_needs(session):
    assert needs.told_most_ma(session, phases=3, volts=230) is None
    assert (needs.told_least_ma(session), needs.asked_room_wh(session), needs.departs_at(session)) == (
        0,
        None,
        None,
    )


@pytest.mark.parametrize("version", [V201, V21])
def test_schedule_of_the_car_is_accepted_within_what_is_granted(connector, session, version):
    assert schedule(connector, version=version, limits=(16.0, 10.0)) == "Accepted"
    assert schedule(connector, version=version, limits=(10.0, 20.0)) == "Rejected"
    assert schedule(connector, version=version, unit="W", limits=(11_040.0,)) == "Accepted"
    assert schedule(connector, version=version, unit="W", limits=(22_000.0,)) == "Rejected"


def test_schedule_below_the_fallback_is_accepted_where_nothing_is_confirmed(connector, session):
    Connector.objects.update(confirmed_ma=None)
    assert schedule(connector, limits=(6.0,)) == "Accepted"
    assert schedule(connector, limits=(16.0,)) == "Rejected"


def test_schedule_is_compared_before_the_session_too(connector):
    assert schedule(connector) == "Accepted"
    assert schedule(connector, limits=(17.0,)) == "Rejected"


def test_schedule_is_kept_with_its_verdict_beside_what_the_car_asked_for(connector, session):
    assert schedule(connector) == "Accepted"
    session.refresh_from_db()
    assert session.needs is None
    ask(connector)
    assert schedule(connector, limits=(10.0, 16.0)) == "Accepted"
    session.refresh_from_db()
    assert (session.needs["schedule_ma"], session.needs["schedule_fits"]) == (16_000, True)
    assert schedule(connector, limits=(20.0,)) == "Rejected"
    session.refresh_from_db()
    assert (session.needs["schedule_ma"], session.needs["schedule_fits"]) == (20_000, False)
    assert needs.told_most_ma(session, phases=3, volts=230) == 13_000
