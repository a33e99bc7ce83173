from datetime import UTC, datetime, timedelta

import pytest

from fleet.enums import ChargeState, PlugState
from fleet.smartcar import signals

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


def signal(code, body, **more):
    return {"code": code, "body": body, "status": {"value": "SUCCESS"}} | more


def at(minutes_ago):
    return {"meta": {"oemUpdatedAt": int((NOW - timedelta(minutes=minutes_ago)).timestamp() * 1000)}}


def test_charge_and_plug_keep_times_of_their_own():
    told = [
        signal("tractionbattery-stateofcharge", {"value": 78}, **at(30)),
        signal("charge-ischargingcableconnected", {"value": True}, **at(5)),
        signal("charge-ischarging", {"value": True}, **at(4)),
    ]
    state = signals.read(told, now=NOW)
    assert (state.charge_pct, state.measured_at) == (78, NOW - timedelta(minutes=30))
    assert (state.plug_state, state.charge_state) == (PlugState.PLUGGED, ChargeState.CHARGING)
    assert state.plug_at == NOW - timedelta(minutes=5)


def test_miles_become_kilometres():
    told = [
        signal("tractionbattery-stateofcharge", {"value": 50}),
        signal("odometer-traveleddistance", {"value": 100, "unit": "miles"}),
    ]
    assert signals.read(told, now=NOW).odometer_km == 161


@pytest.mark.parametrize(
    "told",
    [
        [],
        ["x"],
        [None],
        [{"code": "tractionbattery-stateofcharge"}],
        [signal("tractionbattery-stateofcharge", {"value": "full"})],
        [signal("tractionbattery-stateofcharge", {"value": 101})],
        [signal("tractionbattery-stateofcharge", {"value": float("nan")})],
        [signal("tractionbattery-stateofcharge", {"value": True})],
        [signal("tractionbattery-stateofcharge", {"value": 50}, status={"value": "ERROR"})],
        [signal("closure-islocked", {"value": True})],
    ],
)
def test_signals_that_say_nothing_of_charge_are_no_state(told):
    assert signals.read(told, now=NOW) is None


@pytest.mark.promise("C9")
@pytest.mark.parametrize(
    "stamp",
    [
        10**18,
        "2099-01-01T00:00:00Z",
        "2026-11-02T18:00:00",
        "2026-11-02T19:00:00+01:00",
        "nonsense",
        None,
        True,
        -(10**18),
    ],
)
def test_time_that_cannot_be_counts_as_now(stamp):
    told = [signal("tractionbattery-stateofcharge", {"value": 50}, meta={"oemUpdatedAt": stamp})]
    assert signals.read(told, now=NOW).measured_at == NOW


@pytest.mark.promise("C9")
@pytest.mark.parametrize(
    "stamp", [0, 1, -5, 946_684_800_000, "1970-01-01T00:00:00Z", "2009-12-31T23:59:59Z", "0001-01-01"]
)
def test_time_before_2010_is_none(stamp):
    told = [signal("tractionbattery-stateofcharge", {"value": 50}, meta={"oemUpdatedAt": stamp})]
    assert signals.read(told, now=NOW).measured_at == NOW


@pytest.mark.promise("C9")
def test_time_that_is_none_gives_way_to_the_next_one():
    fetched = NOW - timedelta(minutes=7)
    meta = {"oemUpdatedAt": 0, "fetchedAt": int(fetched.timestamp() * 1000)}
    told = [signal("tractionbattery-stateofcharge", {"value": 50}, meta=meta)]
    assert signals.read(told, now=NOW).measured_at == fetched


def test_numbers_of_hundreds_of_digits_are_none():
    told = [
        signal("tractionbattery-stateofcharge", {"value": 50}),
        signal("odometer-traveleddistance", {"value": 10**400, "unit": "miles"}),
        signal("tractionbattery-range", {"value": -(10**400)}),
        signal("location-preciselocation", {"latitude": 10**400, "longitude": 5}),
    ]
    state = signals.read(told, now=NOW)
    assert (state.charge_pct, state.odometer_km, state.range_km, state.position) == (50, None, None, None)


@pytest.mark.promise("C9")
@pytest.mark.parametrize(
    ("full_min", "charges", "charging_min", "state"),
    [
        (60, True, 5, ChargeState.CHARGING),
        (5, True, 60, ChargeState.FULL),
        (60, False, 5, ChargeState.FULL),
    ],
)
def test_whether_a_car_is_full_or_charges_is_what_it_said_last(full_min, charges, charging_min, state):
    told = [
        signal("charge-detailedchargingstatus", {"value": "COMPLETE"}, **at(full_min)),
        signal("charge-ischarging", {"value": charges}, **at(charging_min)),
    ]
    assert signals.read(told, now=NOW).charge_state == state


@pytest.mark.promise("C9")
def test_position_is_as_old_as_the_car_says():
    told = [
        signal("tractionbattery-stateofcharge", {"value": 50}, **at(1)),
        signal("location-preciselocation", {"latitude": 52.5, "longitude": 13.4}, **at(90)),
    ]
    assert signals.read(told, now=NOW).times["position"] == NOW - timedelta(minutes=90)
