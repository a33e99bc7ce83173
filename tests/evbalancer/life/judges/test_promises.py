import time
from datetime import UTC, datetime, timedelta

import pytest

from chargers.simulator.plant.battery import Car
from drivers.models import Driver
from evbalancer.life.judges.promises import Promises
from evbalancer.life.truth import Stay
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import EmergencyRequest, SlotRequest


@pytest.fixture
def stay(world, first, taken, monkeypatch):
    """The car took 5 kWh in its only transaction, and has left."""
    monkeypatch.setattr(type(first), "online", True)
    world.calm_since_s = time.monotonic() - 3_600
    stay = Stay(first.spec.id, 1, Car(soc_pct=50), time.time() - 7_200, [taken], left_at=time.time() - 1_200)
    world.site.ended_at[taken.ref] = time.time() - 1_200
    world.site.stays.append(stay)
    return stay


@pytest.fixture
def slot(world, first, store, stay):
    def make(*, ready_in_h=-1, **columns):
        now = datetime.now(UTC)
        driver = Driver.objects.get(id_tags__token="TAGA1")
        return SlotRequest.objects.create(
            **{
                "community_id": driver.community_id, "cluster": world.place.cluster, "driver": driver,
                "session": store(first), "energy_wh": 9_000, "promised_wh": 5_000,
                "not_before": now - timedelta(hours=3), "ready_by": now + timedelta(hours=ready_in_h),
                "state": SlotState.FULFILLED, "state_since": now, "created_at": now,
                **columns,
            }
        )  # fmt: skip

    return make


@pytest.fixture
def said(bench):
    def look():
        judge, said = bench(Promises)
        judge.see_minute()
        judge.see_end()
        return [each.sentence for each in said]

    return look


@pytest.mark.parametrize(
    ("state", "promised_wh", "is_found"),
    [
        (SlotState.FULFILLED, 5_000, False),
        (SlotState.FULFILLED, 8_000, True),
        (SlotState.UNMET, 8_000, False),
        (SlotState.UNMET, 4_000, True),
        (SlotState.LEFT, 8_000, False),
        (SlotState.ACTIVE, 5_000, True),
        (SlotState.PROMISED, 5_000, True),
    ],
)
def test_word_for_a_promise_fits_what_flowed(slot, said, state, promised_wh, is_found):
    slot(state=state, promised_wh=promised_wh)
    assert len(said()) == is_found


def test_promise_that_is_given_up_while_its_car_is_there_is_found(slot, said, stay):
    stay.left_at = None
    slot(state=SlotState.LEFT, promised_wh=8_000, ready_in_h=2)
    assert said() == [
        f"the promise of 8000 Wh for TAGA1 at {stay.station} is called left while its car is there, before its time"
    ]


def test_full_car_has_what_it_was_promised(slot, said, stay):
    stay.was_full = True
    slot(promised_wh=8_000)
    assert said() == []


@pytest.mark.parametrize(
    ("granted_wh", "is_there", "is_found"), [(5_000, True, False), (9_000, True, True), (9_000, False, False)]
)
def test_emergency_is_done_when_its_energy_has_flowed(
    first, store, said, stay, granted_wh, is_there, is_found
):
    if is_there:
        stay.left_at = None
    now = datetime.now(UTC)
    session = store(first)
    EmergencyRequest.objects.create(
        community_id=session.community_id, driver=session.driver, session=session, reason="Life", energy_wh=9_000,
        granted_wh=granted_wh, needed_by=now + timedelta(hours=2), until=now + timedelta(hours=2),
        state=EmergencyState.DONE, state_since=now, created_at=now,
    )  # fmt: skip
    assert len(said()) == is_found


def test_emergency_that_goes_on_beyond_its_time_is_found(first, store, said, stay):
    now = datetime.now(UTC)
    session = store(first)
    EmergencyRequest.objects.create(
        community_id=session.community_id, driver=session.driver, session=session, reason="Life", energy_wh=9_000,
        granted_wh=9_000, needed_by=now, until=now - timedelta(minutes=20), state=EmergencyState.ACCEPTED,
        state_since=now, created_at=now,
    )  # fmt: skip
    assert len(said()) == 1
