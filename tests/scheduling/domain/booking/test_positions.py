"""The place of a slot in the queue: by arrival, among those of its cluster that queue."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduling.domain.booking.positions import queue_position, with_positions
from scheduling.enums import SlotState
from scheduling.models import SlotRequest
from tests.factories.grid import ClusterFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def slots():
    cluster, minute = ClusterFactory(), timedelta(minutes=1)
    states = (SlotState.QUEUED, SlotState.PROMISED, SlotState.QUEUED)
    mine = [
        SlotRequestFactory(cluster=cluster, state=state, promised_wh=0, created_at=NOW + number * minute)
        for number, state in enumerate(states)
    ]
    SlotRequestFactory(state=SlotState.QUEUED, promised_wh=0, created_at=NOW - minute)
    return mine


def test_position_counts_those_of_its_cluster_that_came_before(slots):
    assert [queue_position(slot) for slot in slots] == [1, None, 2]


def test_list_asks_once_for_all_positions(slots, django_assert_num_queries):
    rows = with_positions(SlotRequest.objects.filter(cluster=slots[0].cluster).order_by("created_at"))
    with django_assert_num_queries(1):
        assert [queue_position(slot) for slot in rows] == [1, None, 2]
