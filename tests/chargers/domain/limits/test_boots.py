"""What a boot costs: a running car's limit is sent again at once, and a fallback that still holds is not written again."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chargers.domain.limits import answers, boots, limits
from chargers.domain.limits.managed import is_managed
from chargers.domain.orders import delivery
from chargers.domain.sockets import connections
from chargers.enums import CommandKind, CommandState, OcppVersion, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Make, Session
from chargers.reports.base import Source
from chargers.reports.sockets import BootReport
from tests.chargers.domain.limits.granted import granted
from tests.factories.chargers import ConnectorFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
FALLBACK_MA = 6_000


@pytest.fixture
def connector() -> Connector:
    connector = ConnectorFactory(max_current_ma=32_000, chosen_fallback_ma=FALLBACK_MA)
    ChargePoint.objects.update(connection_id=uuid4(), online_until=NOW + timedelta(days=1))
    return connector


def boot(connector: Connector, *, at: datetime = NOW, firmware: str = "1.0") -> None:
    charge_point = connector.charge_point
    source = Source(charge_point.pk, charge_point.cluster_id, charge_point.community_id, uuid4())
    connections.take_boot(
        BootReport(
            source=source,
            received_at=at,
            vendor="Good",
            model="One",
            serial_number="1",
            firmware_version=firmware,
        ),
        now=at,
    )


def answer(kind: CommandKind, state: CommandState = CommandState.ACCEPTED, *, at: datetime = NOW, **result):
    command = ChargerCommand.objects.filter(kind=kind, state=CommandState.QUEUED).earliest("queued_at")
    command.state, command.sent_at = CommandState.SENT, at
    command.save()
    delivery.record_answer(command.pk, state=state, result=result, now=at)


def shown(limit_a: float) -> dict:
    return {"status": "Accepted", **granted((0, limit_a))}


def writes() -> int:
    return ChargerCommand.objects.filter(kind=CommandKind.SET_FALLBACK).count()


def read_as(limit_a: float, *, at: datetime) -> None:
    answer(CommandKind.READ_LIMIT, at=at, **shown(limit_a))


@pytest.fixture
def safe(connector: Connector) -> Connector:
    """Its fallback was written and shown."""
    boot(connector)
    answer(CommandKind.SET_FALLBACK)
    read_as(6, at=NOW)
    assert Make.objects.get().shows_idle_fallback is True
    return connector


def test_twelve_boots_write_the_default_once(safe: Connector) -> None:
    for number in range(1, 13):
        at = NOW + timedelta(seconds=4 * number)
        boot(safe, at=at)
        read_as(6, at=at)
    assert writes() == 1
    assert Connector.objects.get().fallback_confirmed_at == NOW
    assert is_managed(Connector.objects.get())


def test_boots_before_an_answer_ask_once(safe: Connector) -> None:
    for number in range(1, 4):
        boot(safe, at=NOW + timedelta(seconds=number))
    asked = ChargerCommand.objects.filter(kind=CommandKind.READ_LIMIT, state=CommandState.QUEUED)
    assert (asked.count(), writes()) == (1, 1)


def test_fallback_that_a_boot_cost_counts_as_none_and_is_written_again(safe: Connector) -> None:
    at = NOW + timedelta(minutes=5)
    boot(safe, at=at)
    read_as(32, at=at)
    assert not is_managed(Connector.objects.get())
    assert max(Connector.objects.get().reservation_ma) == 32_000
    answer(CommandKind.SET_FALLBACK, at=at)
    assert (writes(), Connector.objects.get().fallback_ma) == (2, FALLBACK_MA)


def test_fallback_that_is_not_shown_by_another_clock_counts_as_none_but_rests_in_a_storm_of_boots(
    safe: Connector,
) -> None:
    for number in range(1, 4):
        at = NOW + timedelta(minutes=5, seconds=4 * number)
        boot(safe, at=at)
        if ChargerCommand.objects.filter(kind=CommandKind.READ_LIMIT, state=CommandState.QUEUED).exists():
            begins = (at - timedelta(hours=1)).isoformat()
            answer(CommandKind.READ_LIMIT, at=at, scheduleStart=begins, **shown(32))
        assert max(Connector.objects.get().reservation_ma) == 32_000
        if ChargerCommand.objects.filter(kind=CommandKind.SET_FALLBACK, state=CommandState.QUEUED).exists():
            answer(CommandKind.SET_FALLBACK, CommandState.ERROR, at=at)
    assert writes() == 2


@pytest.mark.parametrize("state", [CommandState.REJECTED, CommandState.ERROR])
def test_fallback_of_who_does_not_say_is_written_and_rests_in_a_storm_of_boots(
    safe: Connector, state
) -> None:
    at = NOW + timedelta(minutes=5)
    boot(safe, at=at)
    answer(CommandKind.READ_LIMIT, state, at=at)
    answer(CommandKind.SET_FALLBACK, at=at)
    assert writes() == 2
    answer(CommandKind.READ_LIMIT, state, at=at)  # what it would grant since
    boot(safe, at=at + timedelta(seconds=4))
    answer(CommandKind.READ_LIMIT, state, at=at + timedelta(seconds=4))
    # The balancer has it written when it has rested.
    assert (writes(), Connector.objects.get().fallback_confirmed_at) == (2, None)


@pytest.mark.parametrize("what", ["firmware", "chosen", "old"])
def test_fallback_is_written_where_it_is_anothers_changed_or_old(safe: Connector, what) -> None:
    at = NOW + (timedelta(days=8) if what == "old" else timedelta(minutes=5))
    if what == "chosen":
        Connector.objects.update(chosen_fallback_ma=8_000)
    boot(safe, at=at, firmware="2.0" if what == "firmware" else "1.0")
    assert writes() == 2


def running(connector: Connector) -> Session:
    session = Session.objects.create(
        community_id=connector.community_id,
        connector=connector,
        state=SessionState.ACTIVE,
        state_since=NOW,
        plugged_at=NOW,
        started_at=NOW,
        transaction_id=1,
        transaction_uid="uid",
    )
    limits.transaction_started(session, now=NOW)
    return session


@pytest.mark.parametrize("version", OcppVersion)
def test_limit_of_a_running_car_is_sent_again_at_a_boot_and_not_believed_before(safe, version) -> None:
    ChargePoint.objects.update(ocpp_version=version)
    session = running(safe)
    end_at = NOW + timedelta(minutes=10)
    Connector.objects.update(confirmed_ma=16_000, confirmed_at=NOW, confirmed_end_at=end_at, raised_at=NOW)
    at = NOW + timedelta(minutes=2)
    boot(safe, at=at)
    connector = Connector.objects.get()
    assert (connector.confirmed_ma, connector.in_doubt_ma, connector.sent_ma) == (None, 16_000, 16_000)
    assert max(connector.reservation_ma) == 16_000
    again = ChargerCommand.objects.get(kind=CommandKind.SET_LIMIT)
    assert (again.limit_ma, again.ends_at, again.session_id) == (16_000, end_at, session.pk)
    answer(CommandKind.SET_LIMIT, at=at)
    connector = Connector.objects.get()
    assert (connector.confirmed_ma, connector.in_doubt_ma) == (16_000, None)


@pytest.mark.parametrize("state", [CommandState.REJECTED, CommandState.ERROR])
@pytest.mark.parametrize("spoke", [False, True])
def test_limit_refused_for_a_transaction_that_a_boot_ended_is_no_disobedience(safe, state, spoke) -> None:
    session = running(safe)
    at = NOW + timedelta(minutes=2)
    boot(safe, at=at)
    if spoke:
        Session.objects.update(metered_at=at + timedelta(seconds=1))
    for _ in range(answers.REFUSALS_UNTIL_UNCONTROLLABLE):
        limits.queue_limit(safe, session, limit_ma=16_000, now=at)
        answer(CommandKind.SET_LIMIT, state, at=at)
    assert Connector.objects.get().uncontrollable_since == (at if spoke else None)


@pytest.mark.parametrize(
    ("booted", "said", "skew_s", "is_since"),
    [
        (None, timedelta(hours=1), 0, True),
        (timedelta(0), None, 0, True),
        (timedelta(minutes=1), timedelta(seconds=30), 0, True),
        (timedelta(minutes=1), timedelta(seconds=61), 0, False),
        (timedelta(minutes=1), timedelta(hours=9), 0, False),
        # Its clock is an hour ahead, and an hour behind.
        (timedelta(minutes=1), timedelta(minutes=-55), 3_600, False),
        (timedelta(minutes=1), timedelta(minutes=60), -3_600, True),
        # 1970.
        (timedelta(minutes=1), timedelta(days=20_000), 0, True),
    ],
)
def test_word_of_before_the_boot_is_known_by_its_time(booted, said, skew_s, is_since):
    charge_point = ChargePoint(booted_at=None if booted is None else NOW - booted, clock_skew_s=skew_s)
    assert boots.is_word_since(charge_point, None if said is None else NOW - said) is is_since
