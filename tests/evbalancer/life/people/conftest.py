"""People in a place whose server answers, and whose charge points are not connected."""

from datetime import UTC, datetime

import pytest

from evbalancer.life.lines import Network
from evbalancer.life.plan import Plan
from evbalancer.life.server import Server
from evbalancer.life.sites import catalogue
from evbalancer.life.world import World


@pytest.fixture
def found(db):
    """A world at the site of that name."""

    def found_world(site, **plan):
        network = Network(seed=1)
        world = World(
            Plan(site=site, **plan), catalogue.build(site, now=datetime.now(UTC)), network, Server(network)
        )
        world.is_served = lambda: True
        return world

    return found_world


@pytest.fixture
def garage(found):
    return found("garage")


@pytest.fixture
def told(garage):
    """What the story has of somebody."""
    return lambda who: [line.what for line in garage.story.lines if line.who == who]
