"""Makes on which 0 A ends the transaction are found by what their transactions do (field case 17)."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.limits import fallback_profiles, limits
from chargers.domain.orders import delivery
from chargers.enums import CommandKind, CommandState, SessionState
from chargers.models import ChargerCommand, Connector, Make, Session
from chargers.models.charge_point import ChargePoint
from tests.e2e import site

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def connector() -> Connector:
    site.build()
    make = Make.objects.create(vendor="New", model="Box")
    ChargePoint.objects.update(make=make)
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW)
    return Connector.objects.get(charge_point__identity="A1")


def _begin(connector: Connector, *, number: int) -> Session:
    session = Session.objects.create(
        community_id=connector.community_id,
        connector=connector,
        state=SessionState.ACTIVE,
        state_since=NOW,
        plugged_at=NOW,
        started_at=NOW,
        transaction_id=number,
    )
    limits.transaction_started(session, now=NOW)
    return session


def _limit(session: Session, limit_ma: int, *, at: datetime) -> None:
    connector = Connector.objects.select_related("charge_point__cluster").get(pk=session.connector_id)
    command = limits.queue_limit(connector, session, limit_ma=limit_ma, now=at)
    if limit_ma:
        # As the balancer does when it raises.
        Connector.objects.filter(pk=connector.pk).update(raised_at=at)
    ChargerCommand.objects.filter(pk=command.pk).update(state=CommandState.SENT, sent_at=at)
    delivery.record_answer(command.pk, state=CommandState.ACCEPTED, now=at)


def _paused(connector: Connector, *, number: int) -> Session:
    session = _begin(connector, number=number)
    _limit(session, 16_000, at=NOW)
    _limit(session, 0, at=NOW + timedelta(minutes=5))
    return session


def _end(session: Session, reason: str, *, at: datetime) -> None:
    session.stop_reason, session.state = reason, SessionState.ENDED
    session.save()
    limits.transaction_ended(session, now=at)


def _keeps() -> bool | None:
    return Make.objects.get().keeps_transaction_at_zero


def test_two_transactions_that_end_by_themselves_at_0_a_tell_a_model_that_can_not_be_paused(connector):
    soon = NOW + timedelta(minutes=5, seconds=20)
    _end(_paused(connector, number=1), "Other", at=soon)
    assert _keeps() is None
    _end(_paused(connector, number=2), "Local", at=soon)
    assert _keeps() is False


@pytest.mark.parametrize(
    ("reason", "after"),
    [("EVDisconnected", 20), ("Remote", 20), ("Other", 90)],
)
def test_end_that_has_another_cause_tells_nothing(connector, reason, after):
    at = NOW + timedelta(minutes=5, seconds=after)
    for number in (1, 2, 3):
        _end(_paused(connector, number=number), reason, at=at)
    assert _keeps() is None


def test_transaction_that_takes_a_limit_after_minutes_at_0_a_was_only_paused(connector):
    _end(_paused(connector, number=1), "Other", at=NOW + timedelta(minutes=5, seconds=20))
    session = _paused(connector, number=2)
    _limit(session, 16_000, at=NOW + timedelta(minutes=8))
    make = Make.objects.get()
    assert (make.keeps_transaction_at_zero, make.ended_at_zero) == (True, 0)


def test_fallback_of_a_make_that_can_not_be_paused_does_not_begin_with_0_a(connector):
    Connector.objects.filter(pk=connector.pk).update(chosen_fallback_ma=6_000)
    Make.objects.update(keeps_transaction_at_zero=False)
    charge_point = ChargePoint.objects.select_related("make", "cluster").get(pk=connector.charge_point_id)
    fallback_profiles.queue_fallback_profile(charge_point, by="test", now=NOW)
    asked = charge_point.commands.get(kind=CommandKind.SET_FALLBACK)
    assert (asked.limit_ma, asked.arguments["wait_s"]) == (6_000, 0)


def test_pause_in_which_our_clock_was_set_tells_nothing(connector, set_clock):
    session = _paused(connector, number=1)
    set_clock(3_600)
    # Ten seconds later by any other clock.
    _limit(session, 16_000, at=NOW + timedelta(minutes=65, seconds=10))
    assert _keeps() is None
    _end(session, "Remote", at=NOW + timedelta(minutes=70))
    for number in (2, 3):
        _end(_paused(connector, number=number), "Other", at=NOW + timedelta(minutes=5, seconds=20))
    assert _keeps() is None
