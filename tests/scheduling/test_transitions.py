from itertools import product

import pytest

from scheduling.enums import EmergencyState, SlotState
from scheduling.transitions import EMERGENCY_MOVES, SLOT_MOVES, emergency_may_move, slot_may_move

OVER = {
    SlotState.REFUSED,
    SlotState.FULFILLED,
    SlotState.UNMET,
    SlotState.LEFT,
    SlotState.CANCELLED,
    SlotState.LAPSED,
}


def test_slot_table_knows_every_state():
    assert set(SLOT_MOVES) == set(SlotState)
    assert set(EMERGENCY_MOVES) == set(EmergencyState)


@pytest.mark.parametrize(("was", "to"), list(product(SlotState, SlotState)))
def test_slot_that_is_over_stays_over(was, to):
    if was in OVER or was == to:
        assert not slot_may_move(was, to)


def test_slot_is_consumed_only_from_a_waiting_state():
    consumable = {was for was in SlotState if slot_may_move(was, SlotState.ACTIVE)}
    assert consumable == {SlotState.PROMISED, SlotState.PARTLY_PROMISED, SlotState.QUEUED}


def test_emergency_is_granted_only_once():
    assert {was for was in EmergencyState if emergency_may_move(was, EmergencyState.ACCEPTED)} == {
        EmergencyState.PENDING,
    }
