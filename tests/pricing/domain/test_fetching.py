from datetime import UTC, datetime, timedelta

import pytest

from evbalancer.common.security import encryption
from pricing.domain.fetching import fetch_due
from pricing.domain.signals import values_between
from pricing.enums import SignalKind
from pricing.models import EnergySignal, SignalPublication
from tests.factories.pricing import EnergySignalFactory
from tests.fakemarket.server import FakeMarket
from tests.pricing.signals.test_entsoe import document, period, series
from tests.pricing.signals.test_providers import awattar

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, 7, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)


@pytest.fixture
def market():
    with FakeMarket() as provider:
        yield provider


def asked(market):
    """How often since the last time."""
    count = len(market.asked)
    market.asked.clear()
    return count


def test_provider_is_asked_for_today_and_tomorrow_on_the_communitys_clock(market):
    market.answer = awattar(*range(48))
    signal = EnergySignalFactory(kind=SignalKind.AWATTAR, area="DE", url=market.url)
    assert fetch_due(now=NOW) == 1
    assert "start=1772406000000" in market.asked[0][0]
    assert values_between(signal, start=MIDNIGHT, count=192) == [
        hour * 100 for hour in range(48) for _ in range(4)
    ]
    assert SignalPublication.objects.get().origin == "aWATTar DE"
    signal.refresh_from_db()
    assert (signal.asked_at, signal.heard_at, signal.error) == (NOW, NOW, "")


def test_provider_is_asked_often_until_tomorrow_is_known_and_seldom_after_that(market):
    EnergySignalFactory(kind=SignalKind.AWATTAR, area="DE", url=market.url)
    market.answer = awattar(*range(24))
    moments = [NOW, NOW + timedelta(minutes=9), NOW + timedelta(minutes=10)]
    assert [(fetch_due(now=now), asked(market)) for now in moments] == [(1, 1), (0, 0), (0, 1)]
    market.answer = awattar(*range(48))
    begun = NOW + timedelta(minutes=20)
    moments = [begun, begun + timedelta(minutes=119), begun + timedelta(minutes=120)]
    assert [(fetch_due(now=now), asked(market)) for now in moments] == [(1, 1), (0, 0), (0, 1)]


def test_token_is_sent_as_it_was_before_it_was_encrypted(market):
    market.answer = document(series(period({1: 5})))
    token = encryption.encrypt("t0ken")
    EnergySignalFactory(kind=SignalKind.ENTSOE, area="DE-LU", url=market.url, token_encrypted=token)
    assert fetch_due(now=NOW) == 1
    assert "securityToken=t0ken&" in market.asked[0][0]


def test_failure_of_one_provider_is_kept_and_keeps_no_other_waiting(market, caplog):
    market.answer = awattar(*range(48))
    token = encryption.encrypt("t0ken")
    broken = EnergySignalFactory(
        kind=SignalKind.ENTSOE, area="DE-LU", url="http://127.0.0.1:9/", token_encrypted=token
    )
    EnergySignalFactory(kind=SignalKind.AWATTAR, area="DE", url=market.url)
    assert fetch_due(now=NOW) == 1
    broken.refresh_from_db()
    assert (broken.error, broken.asked_at, broken.heard_at) == (
        "The provider does not answer: ConnectError.",
        NOW,
        None,
    )
    assert "t0ken" not in caplog.text


def test_answer_that_can_not_be_right_leaves_what_was_known(market):
    market.answer = awattar(*range(48))
    signal = EnergySignalFactory(kind=SignalKind.AWATTAR, area="DE", url=market.url)
    fetch_due(now=NOW)
    market.answer = awattar(1, 99_999)
    later = NOW + timedelta(hours=3)
    assert fetch_due(now=later) == 0
    signal.refresh_from_db()
    assert signal.error == "Entry 2: 99999 is absurd; from -1000 to 5000 per MWh is taken."
    assert (signal.heard_at, SignalPublication.objects.count()) == (NOW, 1)


def test_prices_in_another_currency_are_refused(market):
    market.answer = document(series(period({1: 5}), currency="PLN"))
    signal = EnergySignalFactory(kind=SignalKind.ENTSOE, area="PL", url=market.url)
    fetch_due(now=NOW)
    signal.refresh_from_db()
    assert signal.error == "Its prices are in PLN, the community's in EUR."


def test_signals_by_hand_inactive_ones_and_those_of_retired_communities_are_not_asked_for(market):
    EnergySignalFactory(url=market.url)
    EnergySignalFactory(kind=SignalKind.AWATTAR, area="DE", url=market.url, active=False)
    EnergySignalFactory(kind=SignalKind.AWATTAR, area="DE", url=market.url, community__retired_at=NOW)
    assert (fetch_due(now=NOW), asked(market)) == (0, 0)
    assert set(EnergySignal.objects.values_list("asked_at", flat=True)) == {None}
