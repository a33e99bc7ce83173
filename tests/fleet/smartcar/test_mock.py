from datetime import UTC, datetime, timedelta

import pytest

from fleet.enums import ChargeState, PlugState
from fleet.smartcar.gateway import Access, GatewayError
from fleet.smartcar.mock import MockGateway

EVENING = datetime(2026, 11, 2, 20, 0, tzinfo=UTC)
ACCESS = Access("mock-access.anna.1")
mock = MockGateway()


def states(car, hours=24):
    return [mock.state(ACCESS, car, now=EVENING + timedelta(hours=hour)) for hour in range(hours)]


def test_mock_says_the_same_at_the_same_time():
    assert states("mock-anna") == states("mock-anna")


def test_car_charges_at_night_and_drives_by_day():
    seen = states("mock-anna")
    assert {state.plug_state for state in seen} == {PlugState.PLUGGED, PlugState.UNPLUGGED}
    assert {ChargeState.CHARGING, ChargeState.FULL, ChargeState.NOT_CHARGING} == {
        state.charge_state for state in seen
    }
    assert all(0 <= state.charge_pct <= 100 for state in seen)


def test_car_that_lies_is_always_full():
    assert {state.charge_pct for state in states("mock-anna-liar")} == {100}


def test_car_that_is_gone_never_answers():
    with pytest.raises(GatewayError):
        mock.state(ACCESS, "mock-anna-gone", now=EVENING)
    with pytest.raises(GatewayError):
        mock.start_charge(ACCESS, "mock-anna-gone")


def test_car_that_loses_its_connection_comes_back():
    assert mock.state(ACCESS, "mock-anna-flaky", now=EVENING)
    with pytest.raises(GatewayError):
        mock.state(ACCESS, "mock-anna-flaky", now=EVENING + timedelta(hours=1))
