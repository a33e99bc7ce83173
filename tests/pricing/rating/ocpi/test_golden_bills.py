"""Three bills of the real world, computed by hand."""

from pricing.rating.ocpi.report import rate_objects
from tests.pricing.rating.ocpi.bodies import cdr, component, element, energy, hours, tariff

WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]


def parts(told):
    return {
        name: told[f"total_{name}_cost"]["excl_vat"]
        for name in ("energy", "time", "parking", "fixed", "reservation")
    }


def test_us_time_of_use():
    """Peak 16:00 to 21:00 on weekdays 0.52, super off-peak 00:00 to 06:00 each day 0.18, else 0.31; no tax is named."""
    of = tariff(
        element(component("ENERGY", 0.52), start_time="16:00", end_time="21:00", day_of_week=WEEKDAYS),
        element(component("ENERGY", 0.18), start_time="00:00", end_time="06:00"),
        element(component("ENERGY", 0.31)),
        currency="USD",
        tax_included="NO",
    )
    # Friday 2026-03-06, 15:00 to 23:00 in California (UTC-8), then until 02:00 on Saturday.
    session = cdr(
        energy(8, 480),
        energy(6, 180),
        start="2026-03-06T23:00:00Z",
        currency="USD",
        cdr_location={"country": "USA", "time_zone": "America/Los_Angeles"},
    )
    told = rate_objects(of, session, time_zone="")
    # 8 kWh in 8 h: 1 h off-peak, 5 h peak, 2 h off-peak. 6 kWh in 3 h: 1 h off-peak, 2 h super off-peak.
    # 1 x 0.31 + 5 x 0.52 + 2 x 0.31 + 2 x 0.31 + 4 x 0.18 = 0.31 + 2.60 + 0.62 + 0.62 + 0.72
    assert told["total_cost"]["excl_vat"] == 4.87
    assert [each["dimensions"][0]["volume"] for each in told["periods"]] == [1, 5, 2, 2, 4]


def test_us_time_of_use_on_a_weekend_has_no_peak():
    of = tariff(
        element(component("ENERGY", 0.52), start_time="16:00", end_time="21:00", day_of_week=WEEKDAYS),
        element(component("ENERGY", 0.31)),
    )
    # Friday 20:00 to Saturday 20:00 in California: 1 h at the peak, 23 h beside it: 0.52 + 23 x 0.31 = 7.65
    told = rate_objects(
        of, cdr(energy(24, 1440), start="2026-03-07T04:00:00Z"), time_zone="America/Los_Angeles"
    )
    assert told["total_cost"]["excl_vat"] == 7.65


def test_german_dynamic_quarter_hours():
    """Four quarters of an evening at their own prices, 19 % VAT; the meter was read at other moments."""
    quarters = [
        ("18:00", "18:15", 0.4121),
        ("18:15", "18:30", 0.3987),
        ("18:30", "18:45", 0.3702),
        ("18:45", "19:00", 0.2911),
    ]
    of = tariff(
        *(
            element(
                component("ENERGY", price, 19),
                start_time=start,
                end_time=end,
                start_date="2026-02-03",
                end_date="2026-02-04",
            )
            for start, end, price in quarters
        )
    )
    # 18:05 to 18:25 with 3.6 kWh (0.18 a minute), 18:25 to 18:50 with 4.5 kWh (0.18 a minute); an hour ahead of UTC.
    session = cdr(energy(3.6, 20), energy(4.5, 25), start="2026-02-03T17:05:00Z")
    told = rate_objects(of, session, time_zone="")
    # 10 min 1.8 kWh x 0.4121 = 0.74178; 15 min 2.7 x 0.3987 = 1.07649; 15 min 2.7 x 0.3702 = 0.99954;
    # 5 min 0.9 x 0.2911 = 0.26199: 3.0798; + 19 % = 3.664962
    assert told["total_cost"] == {"excl_vat": 3.0798, "incl_vat": 3.665}


def test_dutch_start_energy_and_idle():
    """0.35 to start, 0.41 a kWh, 3.00 an hour for standing idle after four hours, but not by night; 21 % VAT within."""
    of = tariff(
        element(component("FLAT", 0.35, 21), component("ENERGY", 0.41, 21)),
        element(component("PARKING_TIME", 0, 21, 1), start_time="23:00", end_time="07:00"),
        element(component("PARKING_TIME", 3.00, 21, 60), min_duration=4 * 3600),
        tax_included="YES",
    )
    # Plugged in at 18:00 in Amsterdam, charged until 20:30, idle until 08:10 the next day.
    session = cdr(
        energy(21.5, 150, TIME=hours(150)),
        (700, {"PARKING_TIME": hours(700)}),
        start="2026-02-03T17:00:00Z",
        cdr_location={"country": "NLD"},
    )
    told = rate_objects(of, session, time_zone="")
    # Idle without a price until 22:00, 60 min until 23:00, free until 07:00, 70 min until 08:10.
    # 0.35 + 21.5 x 0.41 + 130 min x 3.00 = 0.35 + 8.815 + 6.50 = 15.665; without VAT / 1.21 = 0.2893, 7.2851, 5.3719
    assert told["total_cost"]["incl_vat"] == 15.665
    assert parts(told) == {"energy": 7.2851, "time": 0, "parking": 5.3719, "fixed": 0.2893, "reservation": 0}
