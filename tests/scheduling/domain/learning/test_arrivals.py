"""Cars that usually come, as each rebalance reads them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from grid.domain import topology
from scheduling.domain.learning.arrivals import expected_arrivals
from scheduling.models import ArrivalForecast
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
# 18:00 in Berlin.
NOW = datetime(2026, 11, 2, 17, 0, tzinfo=UTC)
HOUR_S = 3_600


@pytest.fixture
def circuit():
    found = CircuitFactory()
    found.community.time_zone = "Europe/Berlin"
    found.community.save()
    return found


def learnt(circuit, *days, **more):
    flows = [
        [[place, arrive_h * HOUR_S, depart_h * HOUR_S, 3_700, 8_000] for place, arrive_h, depart_h in day]
        for day in days
    ]
    return ArrivalForecast.objects.create(
        community=circuit.community, cluster=circuit.cluster, learned_at=NOW, day=date(2026, 11, 2), days=14,
        flows=flows, **{"is_used": True, **more},
    )  # fmt: skip


def expected(circuit, *, now=NOW):
    cluster = circuit.cluster
    cluster.refresh_from_db()
    return expected_arrivals(cluster, topology.read_tree(cluster), now=now)


def test_who_is_still_to_come_within_a_day_is_expected_by_the_communitys_clock(circuit):
    place = str(circuit.pk)
    learnt(circuit, [(place, 17, 23), (place, 19, 31)], [(place, 8, 12), (place, 19, 20)])
    found = expected(circuit)
    assert [(each.arrive_s, each.depart_s) for each in found] == [
        (1 * HOUR_S, 13 * HOUR_S),
        (14 * HOUR_S, 18 * HOUR_S),
    ]
    assert {each.circuit_id for each in found} == {place}
    assert len({each.id for each in found}) == 2


def test_today_is_as_busy_as_it_was_so_far_and_tomorrow_is_usual(circuit):
    place = str(circuit.pk)
    learnt(circuit, [(place, 19, 23)], [(place, 8, 12)], busyness=1.5)
    assert [(each.max_w, each.energy_wh) for each in expected(circuit)] == [(5_550, 12_000), (3_700, 8_000)]


def test_flow_of_a_circuit_that_is_gone_counts_at_the_connection(circuit):
    learnt(circuit, [("gone", 19, 23)])
    assert [each.circuit_id for each in expected(circuit)] == [str(circuit.pk)]


@pytest.mark.parametrize("how", ["not used", "switched off", "never learnt", "long ago"])
def test_nobody_is_expected_where_planning_for_them_does_not_help(circuit, how):
    if how != "never learnt":
        learnt(circuit, [(str(circuit.pk), 19, 23)], is_used=how != "not used")
    if how == "switched off":
        circuit.cluster.plans_for_arrivals = False
        circuit.cluster.save()
    assert expected(circuit, now=NOW + timedelta(days=3 if how == "long ago" else 0)) == ()
