from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from scheduling.domain.conduct.waits import waits_of
from scheduling.enums import SlotState
from scheduling.models import SlotRequest
from scheduling.rules.abuse import Wait
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def slot(state=SlotState.QUEUED, *, hours_ago=3, lasts_h=8, **fields):
    begin = NOW - hours_ago * HOUR
    given = {"promised_wh": 0, "created_at": begin, "ready_by": begin + lasts_h * HOUR, "state_since": begin}
    return SlotRequestFactory(state=state, **(given | fields))


def waits():
    return waits_of(SlotRequest.objects.all(), now=NOW)


def test_driver_who_queues_still_waits_until_now():
    slot()
    assert waits() == [Wait(NOW - 3 * HOUR, NOW)]


def test_wait_ends_with_the_slot_that_nobody_answered():
    slot(lasts_h=2)
    assert waits() == [Wait(NOW - 3 * HOUR, NOW - HOUR)]


@pytest.mark.parametrize("state", [SlotState.CANCELLED, SlotState.LAPSED])
def test_wait_ends_when_the_wish_was_given_up(state):
    slot(state, state_since=NOW - 2 * HOUR)
    assert waits() == [Wait(NOW - 3 * HOUR, NOW - 2 * HOUR)]


def test_wait_ends_when_the_car_began_to_charge_and_not_when_it_left():
    session = SessionFactory(
        connector=ConnectorFactory(),
        plugged_at=NOW - 3 * HOUR,
        started_at=NOW - 2 * HOUR,
        state=SessionState.ENDED,
    )
    slot(SlotState.UNMET, state_since=NOW - HOUR, session=session)
    assert waits() == [Wait(NOW - 3 * HOUR, NOW - 2 * HOUR)]


def test_who_was_promised_something_or_wants_it_later_waits_for_nothing():
    slot(promised_wh=1)
    slot(hours_ago=-1)
    assert waits() == []


def test_waits_are_in_the_order_of_their_beginning(django_assert_num_queries):
    for hours_ago in (1, 3, 2):
        slot(hours_ago=hours_ago)
    with django_assert_num_queries(1):
        found = waits()
    assert [wait.start for wait in found] == [NOW - 3 * HOUR, NOW - 2 * HOUR, NOW - HOUR]
