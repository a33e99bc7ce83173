"""Limits in watts are of as many phases as they name."""

from datetime import UTC, datetime

import pytest

from chargers.ocpp.v16 import profiles as v16
from chargers.ocpp.v201 import profiles as v201

AT = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(("phases", "watts"), [(None, 3_680), (1, 3_680), (2, 7_360), (3, 11_040)])
def test_watts_are_of_all_phases_that_are_known_and_of_one_where_none_is(phases, watts):
    common = {"limit_ma": 16_000, "phases": phases, "start_at": AT, "volts": 230}
    old = v16.tx_profile(connector_number=1, transaction_id=7, **common)["chargingSchedule"]
    new = v201.tx_profile(evse_id=1, transaction_uid="uid", **common)["chargingSchedule"][0]
    for schedule in (old, new):
        (period,) = schedule["chargingSchedulePeriod"]
        assert (schedule["chargingRateUnit"], period["limit"]) == ("W", watts)
        assert period.get("numberPhases") == phases
