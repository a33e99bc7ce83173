"""Public holidays of real regions, by the calendars of 2026."""

from datetime import date

import pytest

from evbalancer.common.clocks.holidays import holidays_of, read_region
from evbalancer.common.errors import InvalidInput

YEAR = {"first_year": 2026, "last_year": 2026}
FRONLEICHNAM, REFORMATION = date(2026, 6, 4), date(2026, 10, 31)


def test_german_lands_have_days_of_their_own():
    bavaria, hamburg = holidays_of("DE-BY", **YEAR), holidays_of("DE-HH", **YEAR)
    assert (FRONLEICHNAM in bavaria, FRONLEICHNAM in hamburg) == (True, False)
    assert (REFORMATION in bavaria, REFORMATION in hamburg) == (False, True)
    assert holidays_of("DE-BY", **YEAR, language="de")[FRONLEICHNAM] == "Fronleichnam"


def test_state_of_the_us_has_thanksgiving_and_the_friday_on_which_july_4_is_kept():
    days = holidays_of("US-NY", **YEAR)
    assert {date(2026, 11, 26), date(2026, 7, 3), date(2026, 7, 4)} <= days.keys()
    assert date(2026, 11, 27) not in days


def test_country_alone_has_the_days_that_hold_everywhere():
    assert FRONLEICHNAM not in holidays_of("DE", **YEAR)
    assert date(2026, 10, 3) in holidays_of("DE", **YEAR)


@pytest.mark.parametrize(
    ("text", "region"), [("DE", "DE"), ("de-by", "DE-BY"), (" US-CA ", "US-CA"), ("NL-noord", "NL-Noord")]
)
def test_known_region_is_taken_however_it_is_capitalised(text, region):
    assert read_region(text) == region


@pytest.mark.parametrize(
    ("region", "sentence"),
    [
        ("XX", "No holidays are known of 'XX'. Write a country and a region, for example DE-BY or US-CA."),
        ("Bavaria", "No holidays are known of 'Bavaria'."),
        ("DE-XX", "No region 'XX' is known of DE. Its regions are: BB, BE, BW"),
    ],
)
def test_unknown_region_is_refused_with_a_sentence(region, sentence):
    with pytest.raises(InvalidInput) as error:
        read_region(region)
    assert str(error.value).startswith(sentence)
