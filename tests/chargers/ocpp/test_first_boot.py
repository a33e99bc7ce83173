"""What makes a charge point safe at its first boot: a fallback, a maximum, and a look at what it would really grant (E8)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chargers.domain.sockets import keys
from chargers.enums import CommandKind, CommandState
from chargers.models import ChargePoint, ChargerCommand, Connector, Make
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.profiles import Period, Profile, Purpose, Schedule
from grid.domain.audit import SYSTEM
from grid.models import Circuit
from tests.chargers.conftest import FIRST_CALLS, Running, until
from tests.chargers.ocpp.simulated import Simulated

pytestmark = pytest.mark.promise("E8")
MAXIMUM = "ChargePointMaxProfile"


def shows(limit_a: float) -> dict[str, Any]:
    period = {"startPeriod": 0, "limit": limit_a}
    schedule = {"duration": 480, "chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
    return {"status": "Accepted", "connectorId": 1, "chargingSchedule": schedule}


def written(charger) -> list[dict[str, Any]]:
    """The profiles that it was sent, of all that it heard of late."""
    sent = [
        payload["csChargingProfiles"] for action, payload in charger.calls if action == "SetChargingProfile"
    ]
    charger.calls.clear()
    return sent


def booted(charger, **more: Any) -> list[str]:
    """Boot it, and return the purposes of the profiles that it was sent before it was left alone."""
    charger.boot(**more)
    open_states = [CommandState.QUEUED, CommandState.SENT]
    while ChargerCommand.objects.filter(state__in=open_states).exists():
        charger.listen(0.05)
    return [profile["chargingProfilePurpose"] for profile in written(charger)]


def test_maximum_of_the_wiring_is_written_once_and_again_for_another_firmware(charger, connector):
    Circuit.objects.filter(pk=connector.circuit_id).update(
        limit_l1_ma=25_000, limit_l2_ma=20_000, limit_l3_ma=20_000
    )
    charger.connect().boot(firmwareVersion="1")
    for action in FIRST_CALLS[:1]:
        charger.expect(action)
    maximum = charger.expect("SetChargingProfile")
    profile = maximum["csChargingProfiles"]
    assert (maximum["connectorId"], profile["chargingProfilePurpose"]) == (0, MAXIMUM)
    assert profile["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 25.0}]
    charger.expect("GetCompositeSchedule")
    until(lambda: ChargePoint.objects.get().station_limit_ma == 25_000)
    assert Make.objects.get().takes_station_limit is True
    assert booted(charger, firmwareVersion="1") == []
    assert booted(charger, firmwareVersion="2") == ["TxDefaultProfile", MAXIMUM]


def test_maximum_refused_in_every_way_leaves_the_charger_managed_and_is_not_asked_again(charger, connector):
    charger.answers["SetChargingProfile"] = lambda payload: {
        "status": "Rejected"
        if payload["csChargingProfiles"]["chargingProfilePurpose"] == MAXIMUM
        else "Accepted"
    }
    charger.connect()
    assert booted(charger) == ["TxDefaultProfile", *[MAXIMUM] * 3]
    ways = ChargerCommand.objects.filter(kind=CommandKind.SET_STATION_LIMIT).order_by("queued_at")
    # In watts it is that of all three phases.
    assert [way.arguments.get("watts") for way in ways] == [None, None, 32 * 230 * 3]
    charge_point = ChargePoint.objects.get()
    assert (charge_point.station_limit_ma, charge_point.station_settled_ma) == (None, 32_000)
    assert Make.objects.get().takes_station_limit is False
    connector.refresh_from_db()
    assert (connector.fallback_ma, connector.uncontrollable_since) == (0, None)
    assert booted(charger) == []


def test_accepted_fallback_that_is_outranked_is_unmanaged_until_it_is_seen_to_hold(charger, connector):
    Make.objects.create(vendor="Hand", model="Typed", shows_idle_fallback=True)
    charger.answers["GetCompositeSchedule"] = shows(16.0)
    charger.connect()
    assert booted(charger) == ["TxDefaultProfile", MAXIMUM, "TxDefaultProfile"]
    connector.refresh_from_db()
    assert (connector.fallback_ma, connector.default_shown_ma) == (0, 16_000)
    assert connector.uncontrollable_since is not None
    assert connector.reservation_ma == (32_000, 32_000, 32_000)
    assert ChargerCommand.objects.filter(kind=CommandKind.CLEAR_LIMITS).exists()
    charger.answers["GetCompositeSchedule"] = shows(0.0)
    assert "TxDefaultProfile" in booted(charger, firmwareVersion="2")
    connector.refresh_from_db()
    assert (connector.uncontrollable_since, connector.default_shown_ma) == (None, 0)
    assert connector.reservation_ma == (0, 0, 0)


def test_make_that_does_not_show_its_default_while_idle_is_remembered_and_not_asked_again(charger, connector):
    charger.answers["GetCompositeSchedule"] = shows(32.0)
    charger.connect()
    booted(charger)
    connector.refresh_from_db()
    assert (connector.uncontrollable_since, connector.default_shown_ma) == (None, 32_000)
    assert Make.objects.get().shows_idle_fallback is False
    read = ChargerCommand.objects.filter(kind=CommandKind.READ_LIMIT)
    assert read.count() == 2
    booted(charger, firmwareVersion="2")
    assert read.count() == 2


@pytest.fixture(params=["1.6", "2.0.1"])
def simulated(endpoint: Running, connector: Connector, request: pytest.FixtureRequest) -> Iterator[Simulated]:
    key = keys.issue_key(connector.charge_point, actor=SYSTEM, now=datetime.now(UTC))
    spec = ChargePointSpec(id=connector.charge_point.identity, key=key, version=request.param)
    foreign = Profile(
        id=77,
        stack_level=5,
        purpose=Purpose.TX_DEFAULT,
        kind="Absolute",
        schedule=Schedule(unit="A", periods=(Period(0, 20.0),), start=0.0),
    )
    simulated = Simulated(f"ws://127.0.0.1:{endpoint.port}/ocpp", spec, holds=foreign)
    yield simulated
    simulated.stop()


def test_fallback_of_others_is_found_cleared_and_gone(simulated, connector):
    until(lambda: Make.objects.filter(shows_idle_fallback=True).exists())
    connector.refresh_from_db()
    assert (connector.default_shown_ma, connector.uncontrollable_since) == (0, None)
    assert ChargePoint.objects.get().station_limit_ma == 32_000
    left = {(slot.profile.purpose, slot.profile.stack_level) for slot in simulated.station.profiles.slots}
    assert left == {(Purpose.TX_DEFAULT, 0), (Purpose.STATION_MAX, 0)}
    assert ChargerCommand.objects.filter(kind=CommandKind.CLEAR_LIMITS).exists()
