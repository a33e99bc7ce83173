"""What is remembered by commands stays."""

import math
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from chargers.domain.archive.commands import FREQUENT_KINDS, commands_ledger
from chargers.domain.limits import read_back
from chargers.domain.limits.fallback_profiles import may_hold_each
from chargers.enums import CommandKind, CommandState, SessionState
from chargers.models import ChargerCommand, Session
from evbalancer.common.db.batches import FIRST_ROWS
from evbalancer.common.ids import ordered_uuid
from grid.domain.retention.periods import Kept, read_periods
from grid.domain.retention.rounds import clear_ledger
from grid.models import RetentionMark
from tests.factories.chargers import ConnectorFactory, SessionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=40)


@pytest.fixture
def connector():
    return ConnectorFactory()


numbers = count()


def command(connector, kind=CommandKind.SET_LIMIT, *, minutes=0, whole=False, at=OLD, **more):
    at += timedelta(minutes=minutes)
    return ChargerCommand.objects.create(
        **{
            "id": ordered_uuid(),
            "community": connector.community,
            "charge_point": connector.charge_point,
            "connector": None if whole else connector,
            "kind": kind,
            "state": CommandState.ACCEPTED,
            "actor_kind": "system",
            "actor_id": "balancer",
            "idempotency_key": f"key {next(numbers)}",
            "queued_at": at,
            "expires_at": at + timedelta(minutes=1),
            **more,
        }
    )


def clear():
    RetentionMark.objects.all().delete()
    return clear_ledger(commands_ledger(read_periods(Kept.LOG, now=NOW)), now=NOW, ends_s=math.inf)


@pytest.mark.parametrize("kind", FREQUENT_KINDS)
@pytest.mark.parametrize("whole", [False, True])
def test_newest_of_a_kind_and_state_stays(connector, kind, whole):
    state = CommandState.REJECTED
    command(connector, kind, whole=whole)
    accepted = command(connector, kind, minutes=1, whole=whole)
    command(connector, kind, minutes=2, whole=whole, state=state)
    rejected = command(connector, kind, minutes=3, whole=whole, state=state)
    assert clear() == 2
    assert set(ChargerCommand.objects.all()) == {accepted, rejected}
    assert clear() == 0


def test_newest_of_each_connector_and_job_stays(connector):
    other = ConnectorFactory(charge_point=connector.charge_point, number=2)
    kept = [
        command(connector),
        command(other, minutes=1),
        command(connector, minutes=2, whole=True),
        command(connector, minutes=3, actor_id="onboarding"),
    ]
    assert clear() == 0
    assert ChargerCommand.objects.count() == len(kept)


@pytest.mark.parametrize(
    "more",
    [
        {"kind": CommandKind.CHANGE_CONFIGURATION},
        {"kind": CommandKind.RESERVE},
        {"actor_kind": "user", "actor_id": "7"},
        {"state": CommandState.QUEUED},
        {"state": CommandState.SENT},
        {"at": NOW - timedelta(days=29)},
    ],
    ids=str,
)
def test_rare_kinds_orders_of_people_open_and_young_ones_stay(connector, more):
    command(connector, **more)
    if more.get("state") == CommandState.QUEUED:
        command(connector, CommandKind.READ_LIMIT, **more)
    else:
        command(connector, minutes=1, **more)
    assert clear() == 0


def test_what_a_running_session_was_told_stays(connector):
    session = SessionFactory(connector=connector, plugged_at=OLD, started_at=OLD, state=SessionState.ACTIVE)
    for minute in range(3):
        command(connector, CommandKind.TELL_COST, minutes=minute, session=session)
    assert clear() == 0
    Session.objects.update(state=SessionState.ENDED)
    assert clear() == 2


def test_those_who_remember_find_the_same_as_before(connector):
    session = SessionFactory(connector=connector, plugged_at=OLD, state=SessionState.ENDED)
    job = {"actor_id": "onboarding"}
    for minute in range(5):
        command(connector, CommandKind.READ_LIMIT, minutes=minute, **job)
        command(connector, CommandKind.SET_FALLBACK, minutes=minute, state=CommandState.REJECTED, **job)

    def remembered():
        return read_back.newest_reads([session]), may_hold_each(connector.charge_point)

    before = remembered()
    assert clear() == 8
    assert remembered() == before


def test_command_of_a_clock_that_was_years_ahead_ends_no_round(connector):
    for minute in range(FIRST_ROWS):
        command(connector, minutes=minute)
    command(connector, CommandKind.RESET, at=NOW + timedelta(days=4_000))
    for minute in range(FIRST_ROWS):
        command(connector, minutes=100 + minute)
    assert clear() == 2 * FIRST_ROWS - 1
