"""A composite schedule in the house's words, whatever version it came in."""

from uuid import uuid4

import pytest

from chargers.ocpp.schedules import with_granted
from chargers.ocpp.v16.outbound import judge as judge_16
from chargers.ocpp.v201.outbound import judge as judge_201
from chargers.orders.charging import ReadLimit
from chargers.reports.commands import CommandOrder


def answer(*periods, unit="A"):
    return {
        "status": "Accepted",
        "connectorId": 1,
        "chargingSchedule": {"chargingRateUnit": unit, "chargingSchedulePeriod": list(periods)},
    }


def test_amperes_are_milliamperes_per_phase():
    told = answer({"startPeriod": 0, "limit": 9.04, "numberPhases": 3}, {"startPeriod": 60, "limit": 0})
    assert with_granted(told) == {
        **told,
        "granted": [{"start_s": 0.0, "limit_ma": 9_040}, {"start_s": 60.0, "limit_ma": 0}],
    }


def test_watts_stay_watts_with_the_phases_that_it_names():
    periods = ({"startPeriod": 0, "limit": 6_900.0, "numberPhases": 3}, {"startPeriod": 9, "limit": 1})
    told = answer(*periods, unit="W")
    assert with_granted(told)["granted"] == [
        {"start_s": 0.0, "limit_w": 6_900.0, "phases": 3},
        {"start_s": 9.0, "limit_w": 1.0, "phases": None},
    ]


@pytest.mark.parametrize(
    "told",
    [
        {"status": "Rejected"},
        {"status": "Accepted", "chargingSchedule": None},
        answer({"startPeriod": 0, "limit": 9.0}, unit="kW"),
        answer({"startPeriod": 0, "limit": 9.0}, {"startPeriod": 60}),
    ],
)
def test_what_cannot_be_counted_on_grants_nothing(told):
    assert with_granted(told) == told


def test_both_versions_say_it_alike():
    sent = CommandOrder(uuid4(), ReadLimit(), 1)
    periods = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}]}
    in_16 = {"status": "Accepted", "connectorId": 1, "chargingSchedule": {"duration": 60, **periods}}
    in_201 = {
        "status": "Accepted",
        "schedule": {"evseId": 1, "duration": 60, "scheduleStart": "2026-03-01T12:00:00Z", **periods},
    }
    granted = [{"start_s": 0.0, "limit_ma": 16_000}]
    assert judge_16(sent, in_16).result["granted"] == judge_201(sent, in_201).result["granted"] == granted
