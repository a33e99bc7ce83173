from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chargers.models import Connector
from chargers.simulator.plant.wiring import ROTATIONS
from evbalancer.life.plan import Plan
from evbalancer.life.sites import catalogue, workshop
from evbalancer.life.sites.premises import Use

NOW = datetime(2026, 3, 22, 15, 0, tzinfo=UTC)
OCPP_LETTERS = {"L1": "R", "L2": "S", "L3": "T"}


@pytest.fixture(params=sorted(catalogue.SITES))
def premises(request, db):
    return catalogue.build(request.param, now=NOW)


def test_charge_points_are_wired_as_the_product_was_told(premises):
    told = {
        (row.charge_point.identity, row.number): (row.circuit.name, row.phase_rotation, row.max_current_ma)
        for row in Connector.objects.filter(charge_point__cluster=premises.cluster).select_related(
            "circuit", "charge_point"
        )
    }
    built = {
        (spec.id, number): (spec.circuit, OCPP_LETTERS.get(spec.rotation, spec.rotation), spec.nameplate_ma)
        for spec in premises.specs
        for number in range(1, spec.connectors + 1)
    }
    # The workshop has one that is planned, and nowhere yet.
    planned = {key for key in told if key[0] == f"{workshop.PLANNED}-workshop"}
    assert {key: wiring for key, wiring in told.items() if key not in planned} == built
    assert {len(ROTATIONS[spec.rotation]) for spec in premises.specs} == {
        spec.phases for spec in premises.specs
    }


def test_circuits_are_one_tree_under_one_connection(premises):
    assert list(premises.parents.values()).count(None) == 1
    assert premises.parents.keys() == premises.limits_ma.keys() == premises.circuits.keys()
    assert set(premises.parents.values()) - {None} <= premises.parents.keys()


def test_members_are_those_of_the_place(premises):
    is_at_home = premises.use == Use.HOME
    spaces = [member.space for member in premises.members if member.space]
    assert len(set(spaces)) == len(spaces)
    assert bool(spaces) == is_at_home
    assert set(spaces) <= {spec.id for spec in premises.specs}
    assert all((member.user is None) == (premises.use == Use.STREET) for member in premises.members)
    assert (
        len({member.card for member in premises.members} | {premises.neighbour.card})
        == len(premises.members) + 1
    )


def test_neighbour_is_another_community(premises):
    connector = Connector.objects.get(pk=premises.neighbour.connector_id)
    assert connector.community_id == premises.neighbour.community_id != premises.cluster.community_id


@pytest.mark.django_db
def test_feeders_of_the_workshop_are_tight_but_those_whose_benches_share_nothing():
    place = catalogue.build("workshop", now=NOW)
    roomy = {name for name in place.circuits if not place.is_tight(name)}
    assert roomy == {"Main", "Wide"}


def offset(moment):
    return moment.astimezone(ZoneInfo("Europe/Berlin")).utcoffset()


@pytest.mark.parametrize("site", sorted(catalogue.SITES))
def test_a_day_later_the_clocks_have_changed_for_two_seeds_of_four(site):
    changes = []
    for seed in range(4):
        begin = catalogue.begin_of(Plan(seed=seed, site=site))
        changes.append(offset(begin + timedelta(days=1)) - offset(begin))
    hour = timedelta(hours=1)
    assert changes == [timedelta(0), hour, -hour, timedelta(0)]
