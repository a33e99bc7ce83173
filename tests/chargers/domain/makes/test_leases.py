"""What a schedule, read while a lease is in force, teaches of a make (E8)."""

from datetime import timedelta

import pytest

from chargers.domain.makes.leases import is_untried, learn_from_schedule
from chargers.enums import OcppVersion, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Make
from tests.factories.chargers import SessionFactory

MINUTE = timedelta(minutes=1)


@pytest.fixture
def make(db):
    return Make.objects.create(vendor="V", model="M")


@pytest.fixture
def connector(connector, make):
    ChargePoint.objects.update(make=make, ocpp_version=OcppVersion.V16)
    Connector.objects.update(in_transaction=True, fallback_ma=6_000, fallback_wait_s=300)
    return Connector.objects.select_related("charge_point__make", "charge_point__cluster").get()


@pytest.fixture
def session(connector, now):
    return SessionFactory(
        connector=connector, plugged_at=now, started_at=now, state=SessionState.ACTIVE, transaction_id=7
    )


@pytest.fixture
def learn(connector, make, session, now):
    """It holds 16 A for two minutes; the schedule is read at once."""
    connector.confirmed_ma, connector.confirmed_end_at = 16_000, now + 2 * MINUTE

    def learn(*periods, sent_at=now):
        command = ChargerCommand(charge_point=connector.charge_point, connector=connector, sent_at=sent_at)
        learn_from_schedule(command, periods, now=now)
        make.refresh_from_db()
        return make.honours_duration, make.honours_relative

    return learn


@pytest.mark.promise("E8")
@pytest.mark.parametrize(
    ("periods", "learnt"),
    [
        pytest.param(
            [(0, 16_000), (120, 0), (300, 6_000)], (True, True), id="the lease ends, the fallback waits"
        ),
        pytest.param([(0, 16_000), (120, 6_000)], (True, False), id="the fallback does not wait"),
        pytest.param([(0, 16_000), (120, 0), (300, 10_000)], (True, False), id="it rises to something else"),
        pytest.param([(0, 16_000)], (False, None), id="the lease never ends"),
        pytest.param([(0, 16_000), (120, 32_000)], (False, None), id="it ends in more"),
        pytest.param([(0, 10_000), (120, 0)], (None, None), id="another limit holds"),
        pytest.param([], (None, None), id="it says nothing"),
    ],
)
def test_schedule_over_time_shows_what_the_make_honours(learn, periods, learnt):
    assert learn(*periods) == learnt


def test_fallback_whose_wait_is_over_with_the_lease_shows_nothing_of_it(learn, session, now):
    session.started_at = now - 3 * MINUTE
    session.save()
    assert learn((0, 16_000), (120, 6_000)) == (True, None)


def test_question_that_was_never_sent_or_without_a_lease_teaches_nothing(learn, connector):
    assert learn((0, 16_000), (120, 0), sent_at=None) == (None, None)
    connector.confirmed_end_at = None
    assert learn((0, 16_000), (120, 0)) == (None, None)


@pytest.mark.parametrize(
    ("known", "untried"),
    [((None, None), True), ((True, None), True), ((True, True), False), ((False, None), False)],
)
def test_what_the_make_has_shown_is_not_tried_again(connector, session, now, known, untried):
    make = connector.charge_point.make
    make.honours_duration, make.honours_relative = known
    assert is_untried(connector, lease_ends_at=now + 2 * MINUTE) is untried


def test_wait_can_not_be_tried_once_it_is_over_and_nothing_is_tried_for_nobody(connector, session, now):
    make = connector.charge_point.make
    make.honours_duration = True
    assert not is_untried(connector, lease_ends_at=now + 5 * MINUTE)
    connector.charge_point.make = None
    assert not is_untried(connector, lease_ends_at=now + 2 * MINUTE)
