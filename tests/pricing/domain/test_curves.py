from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from grid.domain.audit import SYSTEM
from pricing.domain import curves
from pricing.domain.curves import prices_ahead, prices_kept, publish_prices, published_prices
from pricing.domain.signals import Hearing, take_source
from pricing.models import PricePublication
from pricing.signals.push import PushSource
from pricing.signals.series import QUARTER, Unit
from tests.factories.pricing import DynamicPriceFactory, TariffFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NOW = NOON + timedelta(minutes=7)
LATER = NOW + timedelta(minutes=1)
# (10000 + 11000) x 1.19
FALLBACK = 24_990


def say(policy, *per_mwh, begin=NOON, now=NOW):
    source = PushSource(begin, 900, Unit.PER_MWH, tuple(map(Decimal, per_mwh)))
    take_source(policy.market, source, Hearing("test", "values", SYSTEM, now))


def room(pct=None):
    return lambda _start, count: [pct] * count


def publish(policy, *, now=NOW, pct=None):
    return publish_prices(policy, headroom=room(pct), now=now)


def priced(market):
    return round((market * 100 + 11_000) * 119 / 100)


def test_first_publication_covers_the_quarter_that_runs_and_more_than_a_day():
    policy = DynamicPriceFactory()
    say(policy, 80, -20)
    publication = publish(policy)
    assert (publication.begins_at, publication.ends_at) == (NOON, NOON + timedelta(hours=30))
    assert publication.per_mwh_minor == [priced(80), priced(-20)] + [FALLBACK] * 118


def test_publication_reaches_as_far_as_the_market_is_known():
    policy = DynamicPriceFactory()
    say(policy, *[80] * 130)
    assert publish(policy).ends_at == NOON + 130 * QUARTER


def test_every_price_can_be_computed_again_from_what_is_stored_after_the_policy_changed():
    policy = DynamicPriceFactory(scarcity_most_per_mwh_minor=20_000)
    say(policy, 80, -20, 3_000)
    publication = publish(policy, pct=5)
    policy.grid_fee_per_mwh_minor = 1
    policy.save()
    say(policy, 1, 2, 3, now=LATER)
    publication.refresh_from_db()
    assert [step.total for step in curves.recompute_steps(publication)] == publication.per_mwh_minor
    assert publication.per_mwh_minor[0] == round((8_000 + 11_000 + 15_000) * 1.19)
    assert publication.per_mwh_minor[2] == 100_000


def test_unchanged_prices_are_not_published_again():
    policy = DynamicPriceFactory()
    say(policy, *[80] * 200)
    assert publish(policy) is not None
    assert publish(policy, now=LATER) is None
    assert PricePublication.objects.count() == 1


def test_a_day_ahead_is_always_published_and_seldom_because_time_goes_by():
    policy = DynamicPriceFactory()
    moments = [NOW + timedelta(minutes=30 * half) for half in range(28)]
    made = [publish(policy, now=now) is not None for now in moments]
    # The first, and each time that less than a day is left of thirty hours.
    assert [at for at, is_new in enumerate(made) if is_new] == [0, 12, 25]


def test_quarter_that_runs_keeps_its_price():
    policy = DynamicPriceFactory()
    say(policy, *[80] * 100)
    publish(policy)
    say(policy, *[90] * 100, now=LATER)
    again = publish(policy, now=LATER)
    assert again.begins_at == NOON + QUARTER
    assert published_prices(policy.cluster, start=NOON, count=3) == [priced(80), priced(90), priced(90)]


def test_who_booked_never_pays_more_than_the_curve_they_saw():
    policy = DynamicPriceFactory()
    say(policy, *[80] * 100)
    seen = publish(policy)
    say(policy, *[90, 70] * 50, begin=NOON + QUARTER, now=LATER)
    publish(policy, now=LATER)
    newest = [priced(80), priced(90), priced(70)]
    assert published_prices(policy.cluster, start=NOON, count=3) == newest
    kept = [priced(80), priced(80), priced(70)]
    assert prices_kept(policy.cluster, seen, start=NOON, count=3) == kept
    assert prices_kept(policy.cluster, None, start=NOON, count=3) == newest
    assert prices_kept(policy.cluster, seen, start=NOON - QUARTER, count=1) == [None]


def test_prices_ahead_are_the_published_ones_and_the_tariffs_without_a_policy():
    policy = DynamicPriceFactory()
    TariffFactory(community=policy.community)
    cluster = policy.cluster
    assert prices_ahead(cluster, start=NOON, count=2) == [30_000.0] * 2
    say(policy, 80, 90)
    publish(policy)
    assert prices_ahead(cluster, start=NOON, count=3) == [priced(80), priced(90), FALLBACK]
    policy.active = False
    policy.save()
    assert prices_ahead(cluster, start=NOON, count=2) == [30_000.0] * 2
    assert curves.publication_in_force(cluster, now=NOW) is None


def test_newest_publication_is_in_force_until_it_ends():
    policy = DynamicPriceFactory()
    say(policy, *[80] * 100)
    publication = publish(policy)
    assert curves.publication_in_force(policy.cluster, now=NOW) == publication
    assert curves.publication_in_force(policy.cluster, now=publication.ends_at) is None
