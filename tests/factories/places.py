"""Places that stand in no database, for what is pure."""

from datetime import UTC, datetime, timedelta

from chargers.domain.metering import draws
from chargers.enums import ConnectorStatus, SessionState
from chargers.models import ChargePoint, Connector, Session
from scheduling.domain.picture.places import Place
from scheduling.domain.picture.states import state_of
from scheduling.domain.telling.wording import reason_sentence
from scheduling.models import Allotment, EmergencyRequest

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
ACTIVE = {"status": ConnectorStatus.CHARGING}
PAUSED = {"wanted_ma": 0, "confirmed_ma": 0, "status": ConnectorStatus.SUSPENDED_EVSE}


def connector(**changes):
    charge_point = ChargePoint(
        name="A-01", online_until=NOW + timedelta(minutes=1), booted_at=NOW - timedelta(hours=2)
    )
    values = {
        "status": ConnectorStatus.AVAILABLE,
        "fallback_ma": 0,
        "fallback_confirmed_at": NOW - timedelta(hours=1),
        "confirmed_ma": 9_000,
        "confirmed_at": NOW - timedelta(minutes=5),
        "wanted_ma": 9_000,
    }
    return Connector(charge_point=charge_point, **(values | changes))


def session(**changes):
    values = {
        "state": SessionState.ACTIVE,
        "state_since": NOW - timedelta(hours=1),
        "power_w": 6_000,
        "energy_wh": 5,
    }
    return Session(**(values | {"metered_at": NOW} | changes))


def allotment(reason="circuit_full", **changes):
    facts = {"circuit": "Feeder B", "phase": 1, "sharing": 3}
    values = {"wanted_ma": 9_200, "reason": reason, "facts": facts, "since": NOW - timedelta(minutes=12)}
    return Allotment(**(values | changes))


def place(there=None, car=None, given=None, *, emergency=False):
    """A connector, its open session, and the allotment of that session's stay."""
    there = connector() if there is None else there
    if given is not None and car is not None:
        given.session_id = car.pk
    wiring = draws.wiring_of(there, car, nominal_v=230)
    return Place(
        connector=there,
        session=car,
        slot=None,
        emergency=EmergencyRequest() if emergency else None,
        allotment=given,
        allotted_stay_id=car.stay_id if car is not None else None,
        draw=draws.draw_now(car, None, wiring=wiring, now=NOW),
    )


def sentence_of(there, *, now=NOW, brief=False):
    """The sentence of a place in the state that it is in."""
    return reason_sentence(there, state_of(there, now=now), now=now, brief=brief)
