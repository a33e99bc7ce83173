import time
from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import CommandKind, CommandState, SessionState
from chargers.models import ChargerCommand, Connector
from chargers.simulator.plant.connector import Reservation
from drivers.enums import NotificationKind
from drivers.models import Driver, Notification
from evbalancer.life.judges.leftovers import Leftovers
from scheduling.enums import SlotState
from scheduling.models import SlotRequest


def test_session_and_command_that_nobody_ends_are_found(world, bench, first, store, monkeypatch):
    monkeypatch.setattr(type(first), "online", True)
    session = store(
        first, state=SessionState.ACTIVE, started_at=datetime.now(UTC), stopped_at=None, billed_wh=0
    )
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    ChargerCommand.objects.create(
        community_id=session.community_id, charge_point=session.connector.charge_point, state=CommandState.SENT,
        kind=CommandKind.CLEAR_CACHE, queued_at=long_ago, expires_at=long_ago + timedelta(minutes=1),
    )  # fmt: skip
    world.calm_since_s = time.monotonic() - 600
    judge, said = bench(Leftovers)
    judge.see_end()
    judge.see_end()
    assert [("active" in each.sentence, "waits" in each.sentence) for each in said] == [
        (False, True),
        (True, False),
    ]


@pytest.mark.parametrize(("overdue_min", "count"), [(50, 0), (70, 1)])
def test_mail_that_nobody_sends_is_found(world, bench, overdue_min, count):
    driver = Driver.objects.filter(community=world.place.cluster.community_id).first()
    now = datetime.now(UTC)
    Notification.objects.create(
        community_id=driver.community_id, driver=driver, kind=NotificationKind.values[0], created_at=now,
        mail_due_at=now - timedelta(minutes=overdue_min),
    )  # fmt: skip
    judge, said = bench(Leftovers)
    judge.see_minute()
    assert len(said) == count


@pytest.mark.parametrize(("slot_state", "count"), [(SlotState.PROMISED, 0), (SlotState.CANCELLED, 1)])
def test_connector_that_is_kept_for_no_open_slot_is_found(
    world, bench, first, monkeypatch, slot_state, count
):
    monkeypatch.setattr(type(first), "online", True)
    world.calm_since_s = time.monotonic() - 600
    now = datetime.now(UTC)
    driver = Driver.objects.get(id_tags__token="TAGA1")
    SlotRequest.objects.create(
        community_id=driver.community_id, cluster=world.place.cluster, driver=driver, energy_wh=5_000,
        not_before=now, ready_by=now + timedelta(hours=5), state=slot_state, state_since=now, created_at=now,
        reservation_number=3,
    )  # fmt: skip
    Connector.objects.filter(charge_point__identity=first.spec.id).update(state_known_at=now)
    first.connectors[1].reservation = Reservation(3, "TAGA1", time.time() + 3_600)
    judge, said = bench(Leftovers)
    judge.see_minute()
    assert len(said) == count
