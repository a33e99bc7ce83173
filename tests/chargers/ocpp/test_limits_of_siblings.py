"""A limit for one connector leaves those of the others alone, whatever a station knows its profiles by."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from chargers.domain.limits import limits
from chargers.domain.sockets import keys
from chargers.enums import CommandKind, CommandState, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Make, Session
from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.profiles import KeyedBy, Period, Profile, Purpose, Schedule
from grid.domain.audit import SYSTEM
from tests.chargers.conftest import Running, until
from tests.chargers.ocpp.simulated import Simulated
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, IdTagFactory

pytestmark = pytest.mark.promise("E21")
Start = Callable[..., Simulated]


@pytest.fixture
def start(endpoint: Running, connector: Connector, settings: Any) -> Iterator[Start]:
    settings.FALLBACK_WAIT_S = 300
    ConnectorFactory(
        charge_point=connector.charge_point, circuit=connector.circuit, number=2, max_current_ma=32_000
    )
    driver = DriverFactory(community=connector.community)
    for token in ("ONE", "TWO"):
        IdTagFactory(driver=driver, token=token)
    key = keys.issue_key(connector.charge_point, actor=SYSTEM, now=datetime.now(UTC))
    started: list[Simulated] = []

    def start(**habits: Any) -> Simulated:
        spec = ChargePointSpec(id=connector.charge_point.identity, key=key, connectors=2, **habits)
        started.append(Simulated(f"ws://127.0.0.1:{endpoint.port}/ocpp", spec))
        return started[0]

    yield start
    for simulated in started:
        simulated.stop()


def settled() -> bool:
    waiting = ChargerCommand.objects.filter(state__in=[CommandState.QUEUED, CommandState.SENT])
    is_made_safe = not Connector.objects.filter(fallback_confirmed_at=None).exists()
    return is_made_safe and not waiting.exists()


def plug_in_both(simulated: Simulated) -> None:
    until(settled)
    for number, token in ((1, "ONE"), (2, "TWO")):
        simulated.run(simulated.station.plug_in(Car(settle_s=0), id_tag=token, connector_id=number))
    until(lambda: Session.objects.filter(state=SessionState.ACTIVE).count() == 2)


def limit(number: int, limit_ma: int) -> None:
    connector, now = Connector.objects.get(number=number), datetime.now(UTC)
    session = Session.objects.get(connector=connector)
    with transaction.atomic():
        limits.queue_limit(
            connector, session, limit_ma=limit_ma, now=now, end_s=(now + timedelta(minutes=2)).timestamp()
        )
    until(lambda: Connector.objects.get(number=number).confirmed_ma == limit_ma)
    until(settled)


def grants(simulated: Simulated) -> list[int | None]:
    station = simulated.station
    at = station.clock.now()
    return [station._limit_ma(connector, at)[0] for connector in station.connectors.values()]


def believed() -> list[int | None]:
    return list(Connector.objects.order_by("number").values_list("confirmed_ma", flat=True))


@pytest.mark.parametrize(
    ("version", "keyed_by"), [*(("1.6", habit) for habit in KeyedBy), ("2.0.1", KeyedBy.LEVEL)]
)
def test_each_connector_keeps_its_limit_and_its_fallback(start, version, keyed_by):
    simulated = start(profiles_keyed_by=keyed_by, version=version)
    plug_in_both(simulated)
    limit(1, 9_000)
    limit(2, 20_000)
    assert grants(simulated) == believed() == [9_000, 20_000]
    limit(1, 14_000)
    assert grants(simulated) == believed() == [14_000, 20_000]
    # Whoever differs has a fallback of its own, and so has everybody then.
    Connector.objects.filter(number=2).update(chosen_fallback_ma=6_000)
    with transaction.atomic():
        limits.queue_fallback(ChargePoint.objects.get(), now=datetime.now(UTC))
    until(settled)
    assert grants(simulated) == believed() == [14_000, 20_000]
    assert Make.objects.get().keeps_limits_apart is True
    for number in (1, 2):
        simulated.run(simulated.station.unplug(connector_id=number))
    until(lambda: not Session.objects.filter(state=SessionState.ACTIVE).exists())
    store = simulated.station.profiles
    fallbacks = {
        slot.connector_id: slot.profile.schedule.periods[-1].limit
        for slot in store.slots
        if slot.profile.purpose is Purpose.TX_DEFAULT
    }
    assert (fallbacks[1], fallbacks[2]) == (0, 6)


def test_limit_that_another_connectors_write_took_away_is_noticed_and_counted(start):
    """A make that holds one limit for all and does not say what levels it takes."""
    simulated = start(profiles_keyed_by=KeyedBy.LEVEL)
    plug_in_both(simulated)
    Make.objects.update(max_stack_level=None)
    limit(1, 9_000)
    limit(2, 20_000)
    until(lambda: believed() == [None, 20_000])
    first = Connector.objects.get(number=1)
    assert first.in_doubt_ma == 9_000
    assert limits.read_current_exposure(first).spans[0].limit_ma == 9_000
    assert Make.objects.get().keeps_limits_apart is False


def old(profile_id: int, purpose: Purpose, limit_a: float, *, level: int) -> Profile:
    return Profile(
        id=profile_id,
        stack_level=level,
        purpose=purpose,
        kind="Absolute",
        schedule=Schedule("A", (Period(0, limit_a),), start=0.0),
    )


@pytest.mark.parametrize("keyed_by", [KeyedBy.ID, KeyedBy.ID_OR_SLOT, KeyedBy.SLOT])
def test_what_stands_under_a_shared_id_counts_until_it_is_cleared_after_the_new_ones_hold(start, keyed_by):
    simulated = start(profiles_keyed_by=keyed_by)
    plug_in_both(simulated)
    store, now = simulated.station.profiles, simulated.station.clock.now()
    held = simulated.station.connectors[2]
    # As a server wrote it that had one id for all: the second connector's limit replaced the first's.
    store.install(old(1, Purpose.TX, 20, level=1), connector_id=2, now=now, running=held.running(None))
    ChargePoint.objects.update(shares_profile_ids=True)
    Connector.objects.filter(number=1).update(doubts=[[9_000, None]], in_doubt_ma=9_000, default_from_at=None)
    Connector.objects.filter(number=2).update(
        doubts=[[20_000, None]], in_doubt_ma=20_000, default_from_at=None
    )
    limit(2, 8_000)
    second = Connector.objects.get(number=2)
    # The first one is not sure yet, so nothing is cleared and the old limit counts beside the new one.
    assert ChargePoint.objects.get().shares_profile_ids
    assert (second.confirmed_ma, second.in_doubt_ma) == (8_000, 20_000)
    assert not ChargerCommand.objects.filter(kind=CommandKind.CLEAR_LIMITS).exists()
    limit(1, 9_000)
    until(lambda: not ChargePoint.objects.get().shares_profile_ids)
    cleared = ChargerCommand.objects.filter(kind=CommandKind.CLEAR_LIMITS).get()
    assert cleared.arguments["profile_number"] == 1
    assert grants(simulated) == believed() == [9_000, 8_000]
    # Nothing that is relied upon was forgotten by clearing.
    assert not Connector.objects.filter(fallback_ma=None).exists()
    limit(2, 7_000)
    assert Connector.objects.get(number=2).in_doubt_ma is None


def test_shared_ids_are_forgotten_where_nothing_can_stand_under_them(start):
    simulated = start()
    until(settled)
    ChargePoint.objects.update(shares_profile_ids=True)
    with transaction.atomic():
        limits.queue_fallback(ChargePoint.objects.get(), now=datetime.now(UTC))
    until(lambda: not ChargePoint.objects.get().shares_profile_ids)
    assert not ChargerCommand.objects.filter(kind=CommandKind.CLEAR_LIMITS).exists()
    assert simulated.station.online
