"""Every move of a slot that the table knows is made, every other is refused, and a late one loses."""

from datetime import UTC, datetime
from itertools import product

import pytest

from evbalancer.common.errors import StateMoved
from scheduling.domain.booking import requests
from scheduling.enums import SlotState
from scheduling.errors import IllegalMove
from scheduling.models import SlotRequest
from scheduling.transitions import SLOT_MOVES
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
PAIRS = list(product(SlotState, SlotState))


def slot_in(state):
    return SlotRequestFactory(state=state, state_since=NOW, created_at=NOW)


@pytest.mark.parametrize(("was", "to"), [pair for pair in PAIRS if pair[1] in SLOT_MOVES[pair[0]]])
def test_move_of_the_table_is_made_once(was, to):
    slot = slot_in(was)
    late = SlotRequest.objects.get()
    assert requests.move_slot(slot, to=to, now=NOW).state == to
    with pytest.raises(StateMoved):
        requests.move_slot(late, to=to, now=NOW)
    assert SlotRequest.objects.get().state == to


@pytest.mark.parametrize(("was", "to"), [pair for pair in PAIRS if pair[1] not in SLOT_MOVES[pair[0]]])
def test_move_that_the_table_does_not_know_is_refused(was, to):
    slot = slot_in(was)
    with pytest.raises(IllegalMove):
        requests.move_slot(slot, to=to, now=NOW)
    assert SlotRequest.objects.get().state == was
