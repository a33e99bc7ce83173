from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from pricing.domain import signals
from pricing.domain.signals import Hearing, take_source, values_between
from pricing.enums import SignalQuantity
from pricing.models import EnergySignal, SignalPublication
from pricing.signals.push import PushSource
from pricing.signals.series import Unit
from pricing.signals.table import TableSource
from tests.factories.pricing import EnergySignalFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, 7, tzinfo=UTC)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HEARING = Hearing("push by test", "values", SYSTEM, NOW)


def push(*values, begin=NOON, step_s=900, unit=Unit.PER_MWH, **rest):
    return PushSource(begin, step_s, unit, tuple(Decimal(str(value)) for value in values), **rest)


def known(signal, count, begin=NOON):
    return values_between(signal, start=begin, count=count)


def test_publication_is_kept_with_its_source_and_time_and_audited():
    signal = EnergySignalFactory()
    publication = take_source(
        signal, push(82.31, 90, step_s=1800, published_at=NOW - timedelta(hours=1)), HEARING
    )
    kept = SignalPublication.objects.get()
    assert kept == publication
    assert (kept.begins_at, kept.ends_at, kept.values) == (
        NOON,
        NOON + timedelta(hours=1),
        [8_231, 8_231, 9_000, 9_000],
    )
    assert (kept.origin, kept.published_at, kept.received_at) == (
        "push by test",
        NOW - timedelta(hours=1),
        NOW,
    )
    entry = AuditEntry.objects.get(action="signal.received")
    assert (entry.target_id, entry.after["origin"]) == (str(signal.pk), "push by test")


def test_later_publication_holds_where_both_have_a_quarter():
    signal = EnergySignalFactory()
    take_source(signal, push(1, 2, 3, 4), HEARING)
    later = replace(HEARING, now=NOW + timedelta(minutes=1))
    take_source(signal, push(9, 8, begin=NOON + timedelta(minutes=15)), later)
    assert known(signal, 6, begin=NOON - timedelta(minutes=15)) == [None, 100, 900, 800, 400, None]
    assert known(signal, 1, begin=NOON + timedelta(minutes=30)) == [800]


def test_same_values_again_are_no_new_publication_but_the_signal_was_heard():
    signal = EnergySignalFactory(error="silent")
    take_source(signal, push(1, 2, 3), HEARING)
    EnergySignal.objects.update(heard_at=None, error="silent")
    assert take_source(signal, push(2, 3, begin=NOON + timedelta(minutes=15)), HEARING) is None
    assert SignalPublication.objects.count() == 1
    signal.refresh_from_db()
    assert (signal.heard_at, signal.error) == (NOW, "")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (push(1, 2, begin=NOON - timedelta(days=63)), "It begins at 2025-12-29 12:00 UTC: more than 62 days ago."),
        (push(1, begin=NOON - timedelta(days=365)), "It begins at 2025-03-02 12:00 UTC: more than 62 days ago."),
        (push(1, begin=NOON + timedelta(days=15)), "It reaches to 2026-03-17 12:15 UTC: more than 14 days ahead."),
        (
            push(1, published_at=NOW + timedelta(minutes=6)),
            "It was published at 2026-03-02 12:13 UTC, which is yet to come.",
        ),
        (push(1, currency="SEK"), "Its prices are in SEK, the community's in EUR."),
        (push(1, unit=Unit.G_PER_KWH), "It says carbon, but the signal is about prices."),
        (push(1, 2, 99_999), "Value 3: 99999 is absurd; from -1000 to 5000 per MWh is taken."),
        (TableSource("start,price_per_mwh\nx,1\n", ZoneInfo("UTC")), None),
    ],
)  # fmt: skip
def test_what_can_not_be_right_is_refused_and_nothing_is_taken(source, sentence):
    signal = EnergySignalFactory()
    with pytest.raises(InvalidInput) as refusal:
        take_source(signal, source, HEARING)
    assert refusal.value.field == "values"
    assert sentence in (None, str(refusal.value))
    assert not SignalPublication.objects.exists()
    assert not AuditEntry.objects.exists()
    assert EnergySignal.objects.get().heard_at is None


def test_negative_prices_and_carbon_are_taken():
    signal = EnergySignalFactory()
    take_source(signal, push(-500, step_s=3600), HEARING)
    assert known(signal, 4) == [-50_000] * 4
    carbon = EnergySignalFactory(quantity=SignalQuantity.CARBON)
    take_source(carbon, push(412, unit=Unit.G_PER_KWH), HEARING)
    assert known(carbon, 1) == [412]


def test_signal_is_silent_where_the_quarter_that_runs_is_not_known():
    signal = EnergySignalFactory()
    take_source(signal, push(1, 2), HEARING)

    def state(now):
        row = signals.with_state(EnergySignal.objects.all(), now=now).get()
        return row.is_silent, row.known_until

    end = NOON + timedelta(minutes=30)
    assert state(NOW) == (False, end)
    assert state(end) == (True, end)
