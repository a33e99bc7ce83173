"""Generous in what is read, exact in what is computed, one sentence about what is refused."""

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.rating.ocpi.fields import UnreadableError, parse
from pricing.rating.ocpi.report import rate_objects
from tests.pricing.rating.ocpi.bodies import cdr, charging, component, element, energy, parking, tariff

PER_KWH = tariff(element(component("ENERGY", 0.25, 10)))
BY_NIGHT = tariff(
    element(component("ENERGY", 0.20), start_time="22:00", end_time="06:00"),
    element(component("ENERGY", 0.30)),
)
SESSION = cdr(energy(20))


def total(of, session, time_zone=""):
    return rate_objects(of, session, time_zone=time_zone)["total_cost"]["excl_vat"]


def refusal(of, session, time_zone=""):
    with pytest.raises(UnreadableError) as error:
        rate_objects(of, session, time_zone=time_zone)
    return str(error.value)


@pytest.mark.parametrize("of", [{"data": PER_KWH}, {"data": [PER_KWH]}, [PER_KWH], {"tariffs": [PER_KWH]}])
@pytest.mark.parametrize("session", [{"data": SESSION}, [SESSION], {"data": [SESSION]}, {"cdr": SESSION}])
def test_tariff_and_cdr_are_found_in_their_wrapping(of, session):
    assert total(of, session) == 5


def test_numbers_are_read_as_text_and_names_in_camel_case():
    of = {
        "id": 7,
        "currency": "eur",
        "elements": {"priceComponents": {"type": "energy", "price": "0.25", "stepSize": "1000"}},
    }
    told = parse(json.dumps(of).encode(), name="x")
    assert total(told, cdr(energy("19.2"))) == 5


def test_missing_optional_fields_and_unknown_ones_change_nothing():
    of = {
        "elements": [{"price_components": [{"type": "ENERGY", "price": 0.25, "x": 1}], "restrictions": None}],
        "y": {},
    }
    assert total(of, SESSION | {"currency": None, "cdr_location": None, "z": [1]}) == 5


@pytest.mark.parametrize(
    "start",
    ["2019-03-04T09:00:00", "2019-03-04T10:00:00+01:00", "2019-03-04 09:00:00.000Z", "2019-3-4T09:00Z"],
)
def test_moment_without_a_zone_is_in_utc(start):
    session = SESSION | {"start_date_time": start}
    session["charging_periods"] = [session["charging_periods"][0] | {"start_date_time": start}]
    assert (
        rate_objects(PER_KWH, session, time_zone="")["periods"][0]["start_date_time"]
        == "2019-03-04T09:00:00Z"
    )


def test_cdr_of_2_1_1_ends_at_its_stop_and_has_a_location():
    session = dict(SESSION, stop_date_time=SESSION["end_date_time"], location={"time_zone": "Europe/Paris"})
    del session["end_date_time"], session["cdr_location"]
    told = rate_objects(BY_NIGHT, session | {"total_cost": 6.0}, time_zone="")
    assert (told["total_cost"]["excl_vat"], told["time_zone"]) == (6, "Europe/Paris")


def test_session_that_goes_on_ends_where_its_last_period_has_come_to():
    session = cdr(charging(30), parking(45), last_updated="2019-03-04T09:00:00Z")
    del session["end_date_time"]
    told = rate_objects(tariff(element(component("PARKING_TIME", 4))), session, time_zone="")
    assert told["periods"][-1]["end_date_time"] == "2019-03-04T10:15:00Z"
    assert told["total_parking_cost"]["excl_vat"] == 3


def test_totals_are_one_period_where_there_is_none():
    session = dict(SESSION, charging_periods=[], total_energy=20, total_time=1.5, total_parking_time=0.5)
    of = tariff(element(component("ENERGY", 0.25), component("TIME", 2), component("PARKING_TIME", 6)))
    told = rate_objects(of, session, time_zone="")
    assert told["total_cost"]["excl_vat"] == 5 + 2 + 3
    assert told["remarks"] == ["The CDR has no charging periods; its totals are rated as one."]


def test_imported_and_exported_energy_stand_for_energy():
    session = cdr((60, {"ENERGY_IMPORT": 12, "ENERGY_EXPORT": 2}))
    assert total(tariff(element(component("ENERGY", 1))), session) == 10


def test_power_that_is_not_told_is_energy_by_time():
    of = tariff(element(component("ENERGY", 1), max_power=16), element(component("ENERGY", 2)))
    assert total(of, cdr(energy(1, 10))) == 1
    assert total(of, cdr(energy(40, 50))) == 80


def test_nothing_flows_while_a_car_is_parked():
    of = tariff(element(component("PARKING_TIME", 6), max_power=1, max_current=1))
    assert total(of, cdr(parking(60))) == 6


def test_periods_are_rated_in_the_order_of_their_time():
    session = cdr(energy(1, 60), energy(2, 60), start="2019-03-04T20:00:00Z")
    session["charging_periods"].reverse()
    # 21:00 to 22:00 in Berlin, then 22:00 to 23:00: 1 x 0.30 + 2 x 0.20
    assert total(BY_NIGHT, session) == 0.70


def test_zone_is_asked_for_else_the_location_tells_it_else_its_country_has_one():
    evening = cdr(energy(10), start="2019-03-04T21:00:00Z")
    assert total(BY_NIGHT, evening) == 2
    assert total(BY_NIGHT, evening, time_zone="Europe/London") == 3
    in_london = evening | {"cdr_location": {"country": "DEU", "time_zone": "Europe/London"}}
    assert total(BY_NIGHT, in_london) == 3
    assert total(BY_NIGHT, evening | {"cdr_location": {"country": "GBR"}}) == 3
    assert total(BY_NIGHT, evening | {"cdr_location": {"country": "de"}}) == 2


def test_zone_is_not_asked_for_where_nothing_depends_on_it():
    told = rate_objects(PER_KWH, SESSION | {"cdr_location": {"country": "USA"}}, time_zone="")
    assert (told["total_cost"]["excl_vat"], told["time_zone"]) == (5, None)


def test_of_several_tariffs_the_named_one_is_taken_else_the_one_that_holds():
    old = PER_KWH | {"id": "old", "end_date_time": "2019-01-01T00:00:00Z"}
    dear = tariff(element(component("ENERGY", 1)), id="dear")
    assert total([old, dear, PER_KWH], SESSION) == 20
    session = cdr(energy(20))
    session["charging_periods"][0]["tariff_id"] = "12"
    assert total([old, dear, PER_KWH], session) == 5


def test_remarks_say_what_a_person_should_know():
    session = cdr(energy(20, FRIENDLINESS=1), total_energy=25)
    of = tariff(
        element(component("ENERGY", 0.25), component("TIME", 1), min_soc=20),
        end_date_time="2019-01-01T00:00:00Z",
    )
    assert rate_objects(of, session, time_zone="")["remarks"] == [
        "charging_periods[0].dimensions[1].type is FRIENDLINESS, which OCPI does not know: it does not count.",
        "The periods have 20 kWh, and total_energy is 25 kWh: the periods are rated.",
        "elements[0].restrictions.min_soc is unknown and does not count.",
        "The tariff is not valid at 2019-03-04T09:00:00Z, when the session begins, and was given for it.",
        "TIME has a price, and no charging period lists TIME: it costs nothing.",
    ]


def test_taxes_are_listed_by_their_rate():
    of = tariff(element(component("FLAT", 0.50, 20), component("ENERGY", 0.25, 10)))
    assert rate_objects(of, SESSION, time_zone="")["taxes"] == [
        {"name": "VAT", "percentage": 10, "amount": 0.5},
        {"name": "VAT", "percentage": 20, "amount": 0.1},
    ]


def test_period_is_told_as_it_was_priced():
    of = tariff(element(component("ENERGY", 0.25, 10, 1000), start_time="09:00"))
    assert rate_objects(of, cdr(energy(19.2)), time_zone="")["periods"] == [
        {
            "start_date_time": "2019-03-04T09:00:00Z",
            "end_date_time": "2019-03-04T10:00:00Z",
            "charging_period": 0,
            "dimensions": [
                {
                    "type": "ENERGY",
                    "volume": 19.2,
                    "billed_volume": 20,
                    "unit": "kWh",
                    "price": 0.25,
                    "vat": 10,
                    "step_size": 1000,
                    "element": 0,
                    "part_of": "total_energy_cost",
                    "cost": {"excl_vat": 5, "incl_vat": 5.5},
                }
            ],
            "local_start": "2019-03-04T10:00:00+01:00",
        }
    ]


def restricted(**restrictions):
    return tariff(element(component("ENERGY", 1), **restrictions))


@pytest.mark.parametrize(
    ("of", "sentence"),
    [
        ([], "The tariff's file has no tariff: an object with `elements` is expected."),
        (tariff(), "The tariff has no elements, so nothing has a price."),
        ({"elements": [7]}, "elements[0] is 7, and an object is expected."),
        (
            tariff({"price_components": []}),
            "elements[0].price_components is empty, and one price at least is expected.",
        ),
        (
            tariff(element(component("SOC", 1))),
            'elements[0].price_components[0].type is "SOC"; ENERGY, TIME, PARKING_TIME and FLAT are rated.',
        ),
        (tariff(element({"type": "ENERGY"})), "elements[0].price_components[0].price is missing."),
        (
            tariff(element(component("ENERGY", "cheap"))),
            'elements[0].price_components[0].price is "cheap", and a number is expected.',
        ),
        (
            tariff(element(component("ENERGY", True))),
            "elements[0].price_components[0].price is true, and a number is expected.",
        ),
        (
            tariff(element(component("ENERGY", Decimal("1e999999")))),
            'elements[0].price_components[0].price is "1E+999999", which is no amount that is rated.',
        ),
        (
            tariff(element(component("ENERGY", float("nan")))),
            'elements[0].price_components[0].price is "nan", which is no amount that is rated.',
        ),
        (
            tariff(element(component("ENERGY", 1, -1))),
            "elements[0].price_components[0].vat is -1, and a percentage from 0 to 1000 is expected.",
        ),
        (
            tariff(element(component("ENERGY", 1, None, 1.5))),
            "elements[0].price_components[0].step_size is 1.5, and a whole number of 0 or more is expected.",
        ),
        (
            restricted(start_time="25:00"),
            "elements[0].restrictions.start_time is 25:00, which no clock shows.",
        ),
        (
            restricted(end_time="noon"),
            'elements[0].restrictions.end_time is "noon", and a time like 17:00 is expected.',
        ),
        (
            restricted(start_date="2019-02-30"),
            'elements[0].restrictions.start_date is "2019-02-30", which no calendar has.',
        ),
        (
            restricted(day_of_week=["FUNDAY"]),
            'elements[0].restrictions.day_of_week has "FUNDAY", and MONDAY to SUNDAY are expected.',
        ),
        (
            restricted(reservation="MAYBE"),
            'elements[0].restrictions.reservation is "MAYBE"; RESERVATION and RESERVATION_EXPIRES are rated.',
        ),
        (PER_KWH | {"tax_included": "SOME"}, 'tax_included is "SOME", and YES, NO or N/A is expected.'),
        (PER_KWH | {"min_price": {"incl_vat": 1}}, "min_price has neither excl_vat nor before_taxes."),
        (PER_KWH | {"currency": "USD"}, "The tariff is in USD, and the CDR in EUR."),
        (
            PER_KWH | {"start_date_time": "2019-02-01T00:00:00Z", "end_date_time": "2019-01-01T00:00:00Z"},
            "The tariff's end_date_time is not after its start_date_time.",
        ),
    ],
)
def test_tariff_that_cannot_be_rated_is_refused_with_a_sentence(of, sentence):
    assert refusal(of, SESSION) == sentence


@pytest.mark.parametrize(
    ("session", "sentence"),
    [
        (
            "x",
            "The CDR's file has no CDR: an object with `start_date_time` and `charging_periods` is expected.",
        ),
        ([SESSION, SESSION], "The CDR's file has 2 objects, and one CDR is expected."),
        ({"charging_periods": []}, "The CDR has neither charging_periods nor start_date_time."),
        ({"charging_periods": [{}]}, "charging_periods[0].start_date_time is missing."),
        (
            SESSION | {"end_date_time": "2018-01-01T00:00:00Z"},
            "The session ends at 2018-01-01T00:00:00Z, before its last period begins at 2019-03-04T09:00:00Z.",
        ),
        (
            SESSION | {"end_date_time": "2021-01-01T00:00:00Z"},
            "The session lasts 668 days; at most 366 are rated.",
        ),
        (
            SESSION | {"end_date_time": "9999-12-31T00:00:00Z"},
            "end_date_time is 9999-12-31T00:00:00Z; years from 1970 to 2199 are rated.",
        ),
        (
            SESSION | {"end_date_time": "later"},
            'end_date_time is "later", and a moment like 2026-05-01T17:00:00Z is expected.',
        ),
        (
            cdr((60, {"TIME": -1})),
            "charging_periods[0].dimensions[0].volume is -1 hours, and time does not run back.",
        ),
        (cdr((60, {"TIME": None})), "charging_periods[0].dimensions[0].volume is missing."),
    ],
)
def test_cdr_that_cannot_be_rated_is_refused_with_a_sentence(session, sentence):
    assert refusal(PER_KWH, session) == sentence


@pytest.mark.parametrize(
    ("place", "time_zone", "sentence"),
    [
        (
            {"country": "USA"},
            "",
            "USA has several time zones (America/New_York, America/Detroit, America/Kentucky/Louisville, ...): give --time-zone.",
        ),
        (
            {"country": "ESP"},
            "",
            "ESP has several time zones (Europe/Madrid, Africa/Ceuta, Atlantic/Canary): give --time-zone.",
        ),
        ({"country": "XXX"}, "", "There is no country 'XXX': give --time-zone."),
        ({}, "", "The tariff depends on local time, and the CDR names no country: give --time-zone."),
        ({}, "Mars/Olympus", "There is no time zone 'Mars/Olympus'; write one like Europe/Berlin."),
        ({}, "../../etc/passwd", "There is no time zone '../../etc/passwd'; write one like Europe/Berlin."),
    ],
)
def test_place_without_a_zone_is_refused_with_a_sentence(place, time_zone, sentence):
    assert refusal(BY_NIGHT, SESSION | {"cdr_location": place}, time_zone) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"\xff", "x is not UTF-8 text."),
        (b"[" * 100_000, "x is nested too deeply."),
        (b"[" * 900 + b"]" * 900, "x is nested too deeply."),
        (b'{"a":' * 600 + b"1" + b"}" * 600, "x is nested too deeply."),
        (b"9" * 5000, "x is not JSON: a number has more than 40 digits"),
        (b'{"price": NaN}', "x is not JSON: NaN is not a number of JSON"),
    ],
)
def test_file_that_is_no_json_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(UnreadableError, match=f"^{sentence}$"):
        parse(text, name="x")


def test_tariff_is_looked_for_in_a_few_wrappings_only():
    body = {"elements": []}
    for _ in range(500):
        body = {"data": [body]}
    assert refusal(body, SESSION).startswith("The tariff's file has no tariff")


def test_byte_order_mark_is_read_over():
    assert parse(b"\xef\xbb\xbf{}", name="x") == {}


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["17:00", "ENERGY"])
)
ANYTHING = st.recursive(
    LEAVES, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3)
)
TARIFF_KEYS = ("elements", "min_price", "max_price", "tax_included", "start_date_time", "currency", "id")
ELEMENT_KEYS = ("price_components", "restrictions")
CDR_KEYS = (
    "charging_periods",
    "end_date_time",
    "start_date_time",
    "total_energy",
    "cdr_location",
    "currency",
    "last_updated",
)


@given(
    of=st.fixed_dictionaries({}, optional=dict.fromkeys(TARIFF_KEYS, ANYTHING)),
    within=st.fixed_dictionaries({}, optional=dict.fromkeys(ELEMENT_KEYS, ANYTHING)),
    told=st.dictionaries(
        st.sampled_from(["start_time", "min_kwh", "day_of_week", "max_duration", "reservation"]),
        ANYTHING,
        max_size=3,
    ),
    session=st.fixed_dictionaries({}, optional=dict.fromkeys(CDR_KEYS, ANYTHING)),
)
def test_whatever_is_given_is_rated_or_refused(of, within, told, session):
    body = tariff(element(component("ENERGY", 1), **told) | within) | of
    with suppress(UnreadableError):
        rate_objects(body, SESSION | session, time_zone="")
