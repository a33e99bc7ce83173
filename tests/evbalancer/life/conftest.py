"""Each judge is shown a world in which everything held, and one in which one thing did not."""

import time
from datetime import UTC, datetime

import pytest

from chargers.enums import SessionState
from chargers.models import Connector, Session
from chargers.simulator.plant.connector import Transaction
from drivers.models import Driver
from evbalancer.life.lines import Network
from evbalancer.life.plan import FIRST_SITE, Plan
from evbalancer.life.server import Server
from evbalancer.life.sites import catalogue
from evbalancer.life.world import World
from pricing.models import BillLine


@pytest.fixture
def world(db):
    network = Network(seed=1)
    return World(Plan(), catalogue.build(FIRST_SITE, now=datetime.now(UTC)), network, Server(network))


@pytest.fixture
def bench(world):
    """A judge of the given class, and what it has said."""

    def seat(judge):
        said = []
        return judge(world, said), said

    return seat


@pytest.fixture
def first(world):
    return world.stations[0]


@pytest.fixture
def taken(world, first):
    """A transaction of 5 kWh that is over."""
    transaction = Transaction(1, "TAGA1", time.time(), 0, server_id=7)
    first.transactions.append(transaction)
    world.site.ended_wh[transaction.ref] = 5_000.4
    return transaction


@pytest.fixture
def store():
    """Store a transaction that took 5 kWh, as the product would have it."""

    def store_session(station, *, energy_wh=5_000, billed_wh=5_000, **columns):
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
                "driver": Driver.objects.get(id_tags__token="TAGA1"),
                **columns,
            }
        )
        if billed_wh:
            BillLine.objects.create(
                community_id=connector.community_id, session=session, energy_wh=billed_wh, amount_minor=100,
                currency="EUR", started_at=now, ended_at=now,
            )  # fmt: skip
        return session

    return store_session
