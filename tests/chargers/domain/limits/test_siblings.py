"""Whether a limit outlives what is written for another connector (E21)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.limits.siblings import ask_siblings, judge_offer
from chargers.enums import CommandKind, CommandState, OcppVersion
from chargers.exposure import ALWAYS_S, Exposure, Span
from chargers.models import ChargerCommand, Connector, Make
from tests.factories.chargers import ChargePointFactory, ConnectorFactory

pytestmark = [pytest.mark.django_db, pytest.mark.promise("E21")]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ENDS_S = (NOW + 10 * MINUTE).timestamp()
HELD = Exposure(nameplate_ma=32_000, fallback_ma=6_000, running=True, confirmed=Span(16_000, ENDS_S))


@pytest.fixture
def make() -> Make:
    return Make.objects.create(vendor="V", model="M")


@pytest.fixture
def pair(make) -> list[Connector]:
    """Two running connectors of one charge point; the second took its limit a minute after the first."""
    station = ChargePointFactory(make=make, ocpp_version=OcppVersion.V16)
    return [
        ConnectorFactory(
            charge_point=station,
            number=number,
            in_transaction=True,
            confirmed_ma=16_000,
            confirmed_at=NOW + number * MINUTE,
        )
        for number in (1, 2)
    ]


def asked() -> list[int]:
    rows = ChargerCommand.objects.filter(kind=CommandKind.READ_LIMIT)
    return sorted(rows.values_list("connector__number", flat=True))


def is_apart(make) -> bool | None:
    make.refresh_from_db()
    return make.keeps_limits_apart


@pytest.mark.parametrize(("known", "read"), [(None, [2]), (False, [2]), (True, [])])
def test_others_are_read_until_their_make_has_shown_that_it_keeps_limits_apart(pair, make, known, read):
    make.keeps_limits_apart = known
    make.save()
    first = Connector.objects.select_related("charge_point__make").get(pk=pair[0].pk)
    ask_siblings([first], now=NOW + MINUTE)
    ask_siblings([first], now=NOW + MINUTE)
    assert asked() == read


def test_all_that_were_written_and_those_without_a_limit_are_not_read(pair):
    ask_siblings(pair, now=NOW)
    Connector.objects.filter(pk=pair[1].pk).update(confirmed_ma=None)
    ask_siblings(pair[:1], now=NOW)
    assert asked() == []


def test_make_that_holds_one_for_all_is_read_every_two_minutes_and_others_at_every_write(pair, make):
    for known, after_a_minute in ((None, 2), (False, 1)):
        ChargerCommand.objects.all().delete()
        make.keeps_limits_apart = known
        make.save()
        first = Connector.objects.select_related("charge_point__make").get(pk=pair[0].pk)
        for at in (NOW + MINUTE, NOW + 2 * MINUTE):
            ask_siblings([first], now=at)
            ChargerCommand.objects.update(state=CommandState.ACCEPTED)
        assert len(asked()) == after_a_minute


def test_limit_that_is_still_offered_after_another_write_shows_that_they_are_apart(pair, make):
    assert judge_offer(pair[0], HELD, 16_100, now=NOW) == HELD
    assert is_apart(make) is True


def test_limit_that_is_offered_without_another_write_shows_nothing(pair, make):
    assert judge_offer(pair[1], HELD, 16_000, now=NOW) == HELD
    assert is_apart(make) is None


@pytest.mark.parametrize("offered_ma", [20_000, 32_000, 6_000, 0])
def test_limit_that_another_write_took_away_is_in_doubt(pair, make, offered_ma):
    judged = judge_offer(pair[0], HELD, offered_ma, now=NOW)
    assert judged == replace(HELD, confirmed=None, in_doubt=(HELD.confirmed,), fallback_from_s=ALWAYS_S)
    assert (pair[0].confirmed_at, is_apart(make)) == (None, False)


@pytest.mark.parametrize(("offered_ma", "learnt"), [(6_000, None), (0, None), (20_000, False)])
def test_lease_that_is_over_by_a_wrong_clock_says_nothing_of_the_make(pair, make, offered_ma, learnt):
    judged = judge_offer(pair[0], HELD, offered_ma, is_by_our_clock=False, now=NOW)
    assert judged == replace(HELD, confirmed=None, in_doubt=(HELD.confirmed,), fallback_from_s=ALWAYS_S)
    assert is_apart(make) is learnt


@pytest.mark.parametrize(
    ("exposure", "offered_ma"),
    [
        pytest.param(HELD, 10_000, id="held down by something else"),
        pytest.param(replace(HELD, confirmed=None), 32_000, id="nothing was confirmed"),
        pytest.param(replace(HELD, in_doubt=(Span(20_000),)), 20_000, id="another one is in doubt"),
        pytest.param(
            replace(HELD, confirmed=Span(16_000, NOW.timestamp() + 2)), 6_000, id="it ends just now"
        ),
    ],
)
def test_offer_that_can_have_another_reason_shows_nothing(pair, make, exposure, offered_ma):
    assert judge_offer(pair[0], exposure, offered_ma, now=NOW) == exposure
    assert is_apart(make) is None


def test_limit_that_is_the_fallback_shows_nothing_of_the_make(pair, make):
    exposure = replace(HELD, confirmed=Span(6_000, ENDS_S))
    assert judge_offer(pair[0], exposure, 6_000, now=NOW) == exposure
    assert is_apart(make) is None
