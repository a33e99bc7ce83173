"""What a meter signs is kept character by character, once, and within bounds. On the wire: tests/chargers/ocpp/test_signed.py."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chargers.domain.metering import signed_values
from chargers.domain.metering.signed_values import Kept, as_words, from_words, keep_signed, of_session
from chargers.models import SignedMeterValue
from chargers.reports.charging import SignedValue
from tests.factories.chargers import SessionFactory

pytestmark = pytest.mark.django_db
BEGIN, SAMPLE, END = "Transaction.Begin", "Sample.Periodic", "Transaction.End"


@pytest.fixture
def session(connector, now):
    return SessionFactory(connector=connector, plugged_at=now)


@pytest.fixture
def kept(session, now):
    def kept(data, context=SAMPLE, **more):
        return Kept(session.pk, session.community_id, now, SignedValue(now, context, data, **more))

    return kept


def test_value_is_kept_as_it_was_sent_and_once(kept, session, now):
    told = kept('OCMF|{"Ä"}\n|  ', BEGIN, encoding="OCMF", method="ECDSA", public_key="04AB")
    keep_signed([told, told])
    keep_signed([told])
    row = SignedMeterValue.objects.get()
    assert (row.session, row.data, row.context, row.measured_at) == (session, told.value.data, BEGIN, now)
    assert (row.encoding, row.method, row.public_key) == ("OCMF", "ECDSA", "04AB")


def test_same_value_of_another_session_is_another_one(kept, connector, now):
    earlier = SessionFactory(connector=connector, plugged_at=now - timedelta(days=1), state="ended")
    keep_signed([kept("same"), kept("same")._replace(session_id=earlier.pk)])
    assert SignedMeterValue.objects.count() == 2


def test_what_is_too_long_is_not_kept_and_half_a_key_is_none(kept, caplog):
    keep_signed([kept("x" * (signed_values.MOST_CHARACTERS + 1)), kept("y", public_key="0" * 2_501)])
    row = SignedMeterValue.objects.get()
    assert (row.data, row.public_key) == ("y", "")
    assert "too long to keep" in caplog.text


def test_ends_have_places_of_their_own(kept, monkeypatch):
    monkeypatch.setattr(signed_values, "MOST_OF_SESSION", 3)
    monkeypatch.setattr(signed_values, "MOST_AT_ENDS", 2)
    for batch in range(2):
        keep_signed([kept(f"{batch} {number}") for number in range(3)])
    keep_signed([kept(f"end {number}", END) for number in range(3)])
    contexts = list(SignedMeterValue.objects.values_list("context", flat=True))
    assert (contexts.count(SAMPLE), contexts.count(END)) == (3, 2)


def test_report_of_a_session_tells_its_values(say, session):
    report = say.meter(None, 1_000)
    value = SignedValue(None, SAMPLE, "signed")
    told = of_session(session.pk, replace(report, signed=(value,)))
    assert told == [Kept(session.pk, report.source.community_id, report.received_at, value)]
    assert of_session(session.pk, report) == []


@pytest.mark.parametrize("has_time", [True, False])
def test_value_that_waits_comes_back_unaltered(now, has_time):
    value = SignedValue(now if has_time else None, BEGIN, "data\u2028", "OCMF", "ECDSA", "04AB")
    assert from_words(as_words(value)) == value
