"""The arithmetic of a shared charge, in words."""

from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override

from pricing.domain.papers.arithmetic import explain_demand

BY_PEAK = {
    "sharing": "peak", "quarter": "2026-11-10T23:30:00+00:00", "peak_w": 62_400, "cars_w": 21_880, "per_kw_minor": 1_850,
    "charge_minor": 115_440, "is_counted": True, "watts": 11_000, "is_partial": False, "is_estimated": False,
}  # fmt: skip
BY_ENERGY = {
    "sharing": "energy", "quarter": "2026-11-10T23:30:00+00:00", "peak_w": 62_400, "cars_w": 21_880,
    "per_kw_minor": 1_850, "charge_minor": 115_440, "is_counted": True, "cars_minor": 40_478, "shared_wh": 7_200,
    "all_wh": 14_470,
}  # fmt: skip


def explain(part, language="en", **changes):
    with override(language):
        return explain_demand(part | changes, "USD", ZoneInfo("America/New_York"))


def test_part_of_the_peak_has_peak_price_and_charge():
    assert explain(BY_PEAK) == [
        "The month's highest quarter of an hour, from 10 Nov 2026, 18:30: 62.40 kW x 18.50 $ = 1,154.40 $.",
        "All cars had 21.88 kW of it. The building's part is not shared.",
    ]


def test_part_by_energy_has_the_cars_part_and_all_energy():
    assert explain(BY_ENERGY)[1:] == [
        "All cars had 21.88 kW of it, so their part is 404.78 $, by their 14.47 kWh of the month."
    ]


@pytest.mark.parametrize(
    ("changes", "begin"),
    [
        ({"is_partial": True}, "Charging began or ended within"),
        ({"is_estimated": True}, "Estimated: no meter value of the car"),
        ({"is_counted": False}, "Estimated: the connection was not counted"),
    ],
)
def test_what_is_not_measured_is_marked(changes, begin):
    assert [each.startswith(begin) for each in explain(BY_PEAK, **changes)] == [False, False, True]


def test_cars_above_the_connections_meter_are_named():
    assert explain(BY_PEAK, cars_w=70_000)[1].startswith("The cars' own meters say 70.00 kW, more than")


def test_german_has_its_own_words():
    assert explain(BY_PEAK, language="de")[0] == (
        "Die höchste Viertelstunde des Monats, ab 10.11.2026, 18:30: 62,40 kW x 18,50 $ = 1.154,40 $."
    )
