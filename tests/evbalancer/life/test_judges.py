"""Each judge is shown a world in which everything held, and one in which one thing did not."""

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import CommandKind, CommandState, SessionState
from chargers.models import ChargerCommand, Connector, Session
from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.connector import Transaction
from evbalancer.life.judges import Court, LogJudge
from evbalancer.life.lines import Network
from evbalancer.life.server import Server
from evbalancer.life.world import Plan, World
from evbalancer.ops.drill import place
from grid.models import TemporaryLimit
from pricing.models import BillLine

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    network = Network(seed=1)
    return World(Plan(), place.build(now=datetime.now(UTC)), network, Server(network))


@pytest.fixture
def court(world):
    return Court(world)


@pytest.fixture
def first(world):
    return world.stations[0]


def judges(court):
    return [each.judge for each in court.violations]


def carry(world, court, current_ma, *, at=None):
    """The first charge point draws that much on L1."""
    moment = at or time.time()
    world.site.history.record(moment, [("Panel A", (current_ma, 0, 0))])
    court.judge_limits(moment)


def store(station, *, energy_wh=5_000, billed_wh=5_000, **columns):
    """A transaction that took 5 kWh, as the product would have it."""
    now = datetime.now(UTC)
    connector = Connector.objects.get(charge_point__identity=station.spec.id)
    session = Session.objects.create(
        **{
            "community_id": connector.community_id,
            "connector": connector,
            "state": SessionState.ENDED,
            "state_since": now,
            "plugged_at": now,
            "transaction_id": 7,
            "stopped_at": now,
            "energy_wh": energy_wh,
            **columns,
        }
    )
    if billed_wh:
        BillLine.objects.create(
            community_id=connector.community_id, session=session, energy_wh=billed_wh, amount_minor=100,
            currency="EUR", started_at=now, ended_at=now,
        )  # fmt: skip
    return session


@pytest.fixture
def taken(world, first):
    transaction = Transaction(1, "TAGA1", time.time(), 0, server_id=7)
    first.transactions.append(transaction)
    world.site.ended_wh[transaction.ref] = 5_000.4
    return transaction


def test_current_at_the_limit_is_allowed_and_above_it_is_said_once(world, court):
    carry(world, court, place.PANEL_MA)
    assert court.violations == []
    carry(world, court, place.PANEL_MA + 1)
    carry(world, court, place.PANEL_MA + 2)
    assert judges(court) == ["limits"]
    assert "Panel A carries 40001 mA" in court.violations[0].sentence


def test_cut_counts_from_its_effect_to_its_end_with_what_it_does_not_cover(world, court):
    now = datetime.now(UTC)
    limits_ma = {f"limit_l{phase}_ma": 25_000 for phase in (1, 2, 3)}
    TemporaryLimit.objects.create(
        community=world.place.cluster.community,
        circuit_id=world.place.circuits["Panel A"],
        **limits_ma,
        announced_at=now,
        effective_at=now + timedelta(seconds=60),
        uncovered_ma=1_000,
        until=now + timedelta(hours=1),
    )
    carry(world, court, 30_000, at=now.timestamp() + 59)
    carry(world, court, 26_000, at=now.timestamp() + 61)
    carry(world, court, 30_000, at=now.timestamp() + 3_601)
    assert court.violations == []
    carry(world, court, 26_001, at=now.timestamp() + 120)
    assert judges(court) == ["limits"]


def test_transaction_that_is_stored_and_billed_as_it_was_is_in_order(court, first, taken):
    store(first)
    court.judge_end()
    assert court.violations == []


@pytest.mark.parametrize(
    ("fault", "judge"),
    [
        ({"energy_wh": 5_003, "billed_wh": 5_003}, "energy"),
        ({"billed_wh": 10_000}, "energy"),
        ({"billed_wh": 0}, "energy"),
        ({"stopped_at": None}, "acknowledged"),
    ],
)
def test_wrong_energy_bill_or_end_is_found(court, first, taken, fault, judge):
    store(first, **fault)
    court.judge_end()
    assert judges(court) == [judge]


def test_transaction_that_is_not_stored_is_found(court, taken):
    court.judge_end()
    assert judges(court) == ["acknowledged"]


def test_transaction_that_never_was_is_found(court, first):
    store(first)
    court.judge_end()
    assert judges(court) == ["energy"]


def test_session_and_command_that_nobody_ends_are_found(world, court, first, taken):
    del world.site.ended_wh[taken.ref]
    session = store(
        first, state=SessionState.ACTIVE, started_at=datetime.now(UTC), stopped_at=None, billed_wh=0
    )
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    ChargerCommand.objects.create(
        community_id=session.community_id, charge_point=session.connector.charge_point, state=CommandState.SENT,
        kind=CommandKind.CLEAR_CACHE, queued_at=long_ago, expires_at=long_ago + timedelta(minutes=1),
    )  # fmt: skip
    court.judge_end()
    assert judges(court) == ["leftovers", "leftovers"]


def test_car_without_power_in_calm_times_is_found(world, court, first, monkeypatch):
    monkeypatch.setattr(type(first), "online", True)
    connector = first.connectors[1]
    connector.car = Car(soc_pct=20)
    connector.transaction = Transaction(1, "TAGA1", time.time() - 600, 0)
    world.calm_since_s = time.monotonic() - 600
    court.judge_minimum()
    assert judges(court) == ["minimum"]
    connector.car.soc_pct = 100
    court.judge_minimum()
    assert len(court.violations) == 1


def test_logged_error_is_found(court):
    logger = logging.getLogger("chargers.anything")
    handler = LogJudge(court)
    logger.addHandler(handler)
    try:
        logger.warning("harmless")
        logger.error("not harmless")
    finally:
        logger.removeHandler(handler)
    assert [each.sentence for each in court.violations] == ["chargers.anything: not harmless"]
