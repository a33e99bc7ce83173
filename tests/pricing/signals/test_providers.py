import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from pricing.signals.http import SourceError
from pricing.signals.providers import AwattarSource, OctopusSource, TibberSource
from pricing.signals.series import SignalRefused, series_of
from tests.fakemarket.server import FakeMarket

BEGIN = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
END = BEGIN + timedelta(days=2)
BEGIN_MS, HOUR_MS = 1_772_406_000_000, 3_600_000


@pytest.fixture
def market():
    with FakeMarket() as provider:
        yield provider


def awattar(*prices, unit="Eur/MWh"):
    return {
        "object": "list",
        "data": [
            {
                "start_timestamp": BEGIN_MS + at * HOUR_MS,
                "end_timestamp": BEGIN_MS + (at + 1) * HOUR_MS,
                "marketprice": price,
                "unit": unit,
            }
            for at, price in enumerate(prices)
        ],
    }


def tibber(today, tomorrow=None, home="home 1"):
    info = {"today": today, "tomorrow": tomorrow}
    homes = [
        {"id": "empty", "currentSubscription": None},
        {"id": home, "currentSubscription": {"priceInfo": info}},
    ]
    return {"data": {"viewer": {"homes": homes}}}


def entry(starts_at, energy):
    return {"startsAt": starts_at, "energy": energy, "currency": "NOK"}


def test_awattar_is_asked_in_milliseconds_and_says_euros_per_mwh(market):
    market.answer = awattar(42.09, -5.12)
    told = AwattarSource(market.url, BEGIN, END).read()
    assert parse_qs(urlsplit(market.asked[0][0]).query) == {
        "start": [str(BEGIN_MS)],
        "end": [str(BEGIN_MS + 48 * HOUR_MS)],
    }
    assert (told.currency, series_of(told).begins_at) == ("EUR", BEGIN)
    assert series_of(told).values == (4_209,) * 4 + (-512,) * 4


def test_awattar_in_another_unit_is_refused(market):
    market.answer = awattar(42, unit="ct/kWh")
    with pytest.raises(SignalRefused, match="Entry 1: its unit is not Eur/MWh"):
        AwattarSource(market.url, BEGIN, END).read()


def test_tibber_is_asked_with_the_token_in_a_header(market):
    market.answer = tibber(
        [entry("2026-03-02T23:30:00.000+01:00", 0.81), entry("2026-03-02T23:45:00.000+01:00", 0.8234)],
        [entry("2026-03-03T00:00:00.000+01:00", -0.01)],
    )
    told = TibberSource("t0ken", "home 1", market.url).read()
    path, headers, body = market.asked[0]
    assert (path, headers["Authorization"]) == ("/", "Bearer t0ken")
    assert "resolution: QUARTER_HOURLY" in json.loads(body)["query"]
    assert told.currency == "NOK"
    assert series_of(told, currency="NOK").begins_at == datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    assert series_of(told, currency="NOK").values == (81_000, 82_340, -1_000)


def test_home_that_tibber_does_not_know_and_a_token_that_it_refuses_are_told(market):
    market.answer = tibber([])
    with pytest.raises(SignalRefused, match="Tibber knows no such home"):
        TibberSource("t", "another", market.url).read()
    market.answer = {"errors": [{"message": "Unauthenticated t0ken"}], "data": None}
    with pytest.raises(SourceError, match=r"^Tibber refuses the question; check the token\.$"):
        TibberSource("t0ken", "", market.url).read()


def test_octopus_says_half_hours_in_pence_newest_first(market):
    rows = [
        {"value_exc_vat": 25.2, "value_inc_vat": 26.46, "valid_from": "2026-03-02T00:30:00Z", "valid_to": "2026-03-02T01:00:00Z"},
        {"value_exc_vat": -1.0, "value_inc_vat": -1.05, "valid_from": "2026-03-02T00:00:00Z", "valid_to": "2026-03-02T00:30:00Z"},
    ]  # fmt: skip
    market.answer = {"count": 2, "next": None, "results": rows}
    told = OctopusSource("AGILE-24-10-01/E-1R-AGILE-24-10-01-C", BEGIN, END, market.url).read()
    url = urlsplit(market.asked[0][0])
    assert (
        url.path == "/products/AGILE-24-10-01/electricity-tariffs/E-1R-AGILE-24-10-01-C/standard-unit-rates/"
    )
    assert parse_qs(url.query)["period_from"] == ["2026-03-01T23:00Z"]
    assert (told.currency, series_of(told).values) == ("GBP", (-1_000, -1_000, 25_200, 25_200))


@pytest.mark.parametrize("status", [401, 403])
def test_refused_token_is_told_without_it(market, status):
    market.status = status
    with pytest.raises(SourceError, match=r"^The provider refuses the token\.$"):
        AwattarSource(market.url, BEGIN, END).read()


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        {},
        [],
        {"data": 1},
        {"data": [{}]},
        {"data": [None]},
        b"[" * 100_000,
        awattar("free"),
        awattar(True),
    ],
)
def test_answer_of_another_shape_is_an_error_of_the_source(market, answer):
    market.answer = answer
    for source in (
        AwattarSource(market.url, BEGIN, END),
        TibberSource("t", "", market.url),
        OctopusSource("a/b", BEGIN, END, market.url),
    ):
        with pytest.raises(SourceError):
            source.read()


def test_redirect_is_not_followed_and_a_long_answer_is_given_up(market):
    market.status = 302
    with pytest.raises(SourceError, match="The provider answered 302"):
        AwattarSource(market.url, BEGIN, END).read()
    market.status, market.answer = 200, b" " * 4_000_001
    with pytest.raises(SourceError, match="too long"):
        AwattarSource(market.url, BEGIN, END).read()


def test_provider_that_is_not_there_is_told_without_its_address():
    with pytest.raises(SourceError, match=r"^The provider does not answer: ConnectError\.$"):
        AwattarSource("http://127.0.0.1:9/?securityToken=x", BEGIN, END).read()
