from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from pricing.signals.entsoe import EntsoeSource, read_document
from pricing.signals.http import SourceError
from pricing.signals.series import SignalRefused, series_of
from tests.fakemarket.server import FakeMarket

BEGIN = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
HEAD = (
    '<?xml version="1.0" encoding="utf-8"?><Publication_MarketDocument '
    'xmlns="urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3"><createdDateTime>2026-03-01T12:05:00Z</createdDateTime>'
)


def period(points, *, begin="2026-03-01T23:00Z", end="2026-03-02T00:00Z", resolution="PT15M"):
    shown = "".join(
        f"<Point><position>{at}</position><price.amount>{price}</price.amount></Point>"
        for at, price in points.items()
    )
    return (
        f"<Period><timeInterval><start>{begin}</start><end>{end}</end></timeInterval>"
        f"<resolution>{resolution}</resolution>{shown}</Period>"
    )


def series(*periods, sequence="", contract="A01", curve="A03", currency="EUR"):
    place = "classificationSequence_AttributeInstanceComponent.position"
    position = f"<{place}>{sequence}</{place}>" if sequence else ""
    return (
        f"<TimeSeries><contract_MarketAgreement.type>{contract}</contract_MarketAgreement.type>"
        f"<currency_Unit.name>{currency}</currency_Unit.name><price_Measure_Unit.name>MWH</price_Measure_Unit.name>"
        f"{position}<curveType>{curve}</curveType>{''.join(periods)}</TimeSeries>"
    )


def document(*parts):
    return (HEAD + "".join(parts) + "</Publication_MarketDocument>").encode()


def test_platform_is_asked_for_day_ahead_prices_of_the_zone():
    with FakeMarket() as market:
        market.answer = document(series(period({1: 82.31, 3: -4})))
        source = EntsoeSource("DE-LU", "t0ken", BEGIN, BEGIN + timedelta(days=2), market.url)
        told = source.read()
        query = {name: each[0] for name, each in parse_qs(urlsplit(market.asked[0][0]).query).items()}
    assert query == {
        "securityToken": "t0ken", "documentType": "A44", "contract_MarketAgreement.type": "A01",
        "in_Domain": "10Y1001A1001A82H", "out_Domain": "10Y1001A1001A82H", "periodStart": "202603012300",
        "periodEnd": "202603032300",
    }  # fmt: skip
    assert (told.currency, told.published_at) == ("EUR", datetime(2026, 3, 1, 12, 5, tzinfo=UTC))
    # A position that is left out repeats the one before it: curve type A03.
    assert series_of(told).begins_at == BEGIN
    assert series_of(told).values == (8_231, 8_231, -400, -400)


def test_hours_become_quarters_and_the_finest_coupled_auction_counts():
    found = read_document(
        document(
            series(period({1: 99}), sequence="2"),
            series(period({1: 77}, resolution="PT60M"), sequence="1"),
            series(period({1: 10, 2: 20, 3: 30, 4: 40}), sequence="1"),
            series(period({1: 55}), contract="A07"),
            series(period({1: 50}, begin="2026-03-02T00:00Z", end="2026-03-02T01:00Z", resolution="PT60M")),
        )
    )
    assert series_of(found).values == (1_000, 2_000, 3_000, 4_000, 5_000, 5_000, 5_000, 5_000)


def test_position_that_is_missing_without_blocks_is_refused():
    with pytest.raises(SignalRefused, match=r"Period from 2026-03-01T23:00Z, position 2: it has no price\."):
        read_document(document(series(period({1: 1, 3: 1}), curve="A01")))


def test_acknowledgement_without_data_is_told_in_the_platforms_words():
    answer = (
        b'<Acknowledgement_MarketDocument xmlns="urn:x"><Reason><code>999</code><text>No matching data found</text></Reason>'
        b"</Acknowledgement_MarketDocument>"
    )
    with pytest.raises(
        SourceError, match="ENTSO-E has no prices for this area and time: No matching data found"
    ):
        read_document(answer)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>busy</html",
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
        document(series(period({1: "free"}))),
        document(series(period({1: 1}, resolution="P1Y"))),
        document(series(period({1: 1}, end="2027-03-02T00:00Z"))),
        document(series(period({1: 1}, begin="yesterday"))),
    ],
)
def test_odd_answer_is_an_error_of_the_source(answer):
    with pytest.raises(SourceError):
        read_document(answer)


def test_unknown_zone_is_never_asked_for():
    with pytest.raises(SignalRefused, match="'ATLANTIS' is not a bidding zone"):
        EntsoeSource("ATLANTIS", "t", BEGIN, BEGIN, "http://127.0.0.1:9").read()
