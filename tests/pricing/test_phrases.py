from django.utils.translation import override

from pricing.phrases import driver_sentences, fee_sentences, sentences_of
from pricing.rating.ocpi.tariffs import tariff_of
from tests.pricing.rating.ocpi.bodies import component, element, tariff

WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]


def test_each_price_is_a_sentence_in_the_order_in_which_it_is_tried():
    body = tariff(
        element(component("FLAT", 0.35, 21), component("ENERGY", 0.4125, 21)),
        element(
            component("PARKING_TIME", 3, 21, 60),
            start_time="07:00",
            end_time="23:00",
            day_of_week=WEEKDAYS,
            min_duration=4 * 3600 + 1800,
        ),
        element(
            component("TIME", 1.5, None, 900),
            day_of_week=["SATURDAY", "SUNDAY"],
            max_duration=45,
            min_kwh=10,
            max_power=7.4,
            start_date="2026-01-01",
            end_date="2027-01-01",
            start_time="22:00",
            end_time="00:00",
        ),
        min_price={"excl_vat": 0.5, "incl_vat": 0.605},
        max_price={"excl_vat": 20},
    )
    assert sentences_of(tariff_of(body)) == [
        "A session costs 0.35 EUR once (21 % VAT on top).",
        "Energy costs 0.4125 EUR per kWh (21 % VAT on top).",
        "Parking a full car costs 3.00 EUR per hour (21 % VAT on top), from 07:00 to 23:00, on Monday to Friday, after 4 h 30 min, in steps of 60 s.",
        "Charging time costs 1.50 EUR per hour, from 22:00 to 24:00, on Saturday and Sunday, from 2026-01-01, before 2027-01-01, from 10 kWh, below 7.4 kW, in the first 45 s, in steps of 900 s.",
        "A session costs at least 0.50 EUR (0.605 EUR with taxes).",
        "A session costs at most 20.00 EUR.",
    ]


def test_tax_that_is_in_the_price_or_does_not_apply_is_said_so():
    body = tariff(element(component("ENERGY", 0.41, 21)), tax_included="YES")
    assert sentences_of(tariff_of(body)) == ["Energy costs 0.41 EUR per kWh (21 % VAT of it)."]
    assert sentences_of(tariff_of(body | {"tax_included": "N/A"})) == ["Energy costs 0.41 EUR per kWh."]


def test_fees_are_said_where_they_cost_something():
    fees = {
        "emergency_surcharge_per_mwh_minor": 10_000,
        "overstay_per_hour_minor": 0,
        "reservation_fee_minor": 100,
        "no_show_fee_minor": 450,
        "monthly_share_minor": 500,
        "free_wh_per_month": 20_000,
    }
    assert fee_sentences(fees, "EUR") == [
        "An emergency costs 0.10 EUR a kWh more.",
        "A space that was kept for a car costs 1.00 EUR once.",
        "A promised slot whose car does not come costs 4.50 EUR once.",
        "Each driver pays 5.00 EUR a month.",
        "Each driver has 20.00 kWh a month free, the cheapest first.",
    ]


FEES = {
    "emergency_surcharge_per_mwh_minor": 0,
    "overstay_per_hour_minor": 300,
    "reservation_fee_minor": 0,
    "no_show_fee_minor": 0,
    "monthly_share_minor": 500,
    "free_wh_per_month": 20_000,
}


def test_driver_reads_when_an_idle_car_costs_and_what_is_left_free():
    assert driver_sentences(FEES, "EUR", grace_min=30, free_left_wh=12_345) == [
        "A finished car costs 3.00 EUR an hour while others wait for its place.",
        "Each driver pays 5.00 EUR a month.",
        "Each driver has 20.00 kWh a month free, the cheapest first.",
        "That begins 30 minutes after the car is done.",
        "12.345 kWh of this month's free energy are left.",
    ]


def test_driver_reads_the_same_in_german():
    with override("de"):
        told = driver_sentences(FEES, "EUR", grace_min=30, free_left_wh=0)
    assert told == [
        "Ein fertiges Auto kostet 3,00 EUR je Stunde, solange andere auf seinen Platz warten.",
        "Jeder Fahrer zahlt 5,00 EUR im Monat.",
        "Jeder Fahrer hat 20,00 kWh im Monat frei, die günstigsten zuerst.",
        "Das beginnt 30 Minuten, nachdem das Auto fertig ist.",
        "Von der freien Energie dieses Monats sind noch 0,00 kWh übrig.",
    ]


def test_driver_reads_nothing_of_what_costs_nothing():
    assert driver_sentences(dict.fromkeys(FEES, 0), "EUR", grace_min=30, free_left_wh=None) == []
