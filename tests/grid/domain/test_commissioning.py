from datetime import UTC, datetime

import pytest

from evbalancer.common.units import PhaseMilliamps
from grid.domain import commissioning, topology
from grid.domain.commissioning import Claim, FallbacksDoNotFit, MisfitError
from grid.models import Circuit, Cluster, LoadCurve
from tests.factories.chargers import ConnectorFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
CLUSTER = Cluster(margin_ma=1_000)


def circuit(name, limit_ma, *, parent=None, building_ma=0):
    return Circuit(
        name=name,
        parent=parent,
        limit_l1_ma=limit_ma,
        limit_l2_ma=limit_ma,
        limit_l3_ma=limit_ma,
        base_load_max_l1_ma=building_ma,
    )


ROOT = circuit("Root", 30_000, building_ma=5_000)
PANEL = circuit("Panel", 20_000, parent=ROOT, building_ma=2_000)
TREE = topology.tree_of([ROOT, PANEL])


def claim(on, *load_ma):
    return Claim(on.pk, PhaseMilliamps(*load_ma))


def short(*claims, before=()):
    with pytest.raises(MisfitError) as refused:
        commissioning.check_fit(TREE, claims, cluster=CLUSTER, before=before)
    return [(each.circuit.name, each.phase, each.missing_ma) for each in refused.value.short]


def test_fallbacks_and_buildings_count_on_every_circuit_above():
    needs = commissioning.sum_needs(TREE, [claim(ROOT, 1, 2, 3), claim(PANEL, 10, 20, 30)], margin_ma=1_000)
    assert {(need.circuit.name, need.phase): (need.fallbacks_ma, need.room_ma) for need in needs} == {
        ("Root", 0): (11, 22_000),
        ("Root", 1): (22, 29_000),
        ("Root", 2): (33, 29_000),
        ("Panel", 0): (10, 17_000),
        ("Panel", 1): (20, 19_000),
        ("Panel", 2): (30, 19_000),
    }


def test_fallbacks_that_fill_the_room_to_the_last_milliampere_fit():
    commissioning.check_fit(TREE, [claim(PANEL, 17_000, 19_000, 0)], cluster=CLUSTER)
    assert short(claim(PANEL, 17_001, 0, 0)) == [("Panel", 0, 1)]


def test_every_circuit_and_phase_that_lacks_something_is_named():
    claims = [claim(PANEL, 0, 20_000, 0), claim(ROOT, 0, 10_000, 0)]
    assert short(*claims) == [("Root", 1, 1_000), ("Panel", 1, 1_000)]


def test_building_alone_beyond_the_limit_is_nothing_that_fallbacks_lack():
    crowded = topology.tree_of([circuit("Root", 4_000, building_ma=9_000)])
    assert commissioning.find_shortfalls(crowded, [], margin_ma=0) == []


def test_what_lacked_as_much_before_the_change_is_not_refused():
    claims = [claim(PANEL, 18_000, 0, 0)]
    before = commissioning.find_shortfalls(TREE, claims, margin_ma=1_000)
    commissioning.check_fit(TREE, claims, cluster=CLUSTER, before=before)
    assert short(claim(PANEL, 18_500, 0, 0), before=before) == [("Panel", 0, 1_500)]


def test_claim_on_a_circuit_that_is_not_in_use_counts_nowhere():
    commissioning.check_fit(TREE, [claim(circuit("Old", 1), 90_000, 0, 0)], cluster=CLUSTER)


def test_programs_are_given_the_missing_amperes_of_each_phase_counted_from_1():
    with pytest.raises(MisfitError) as misfit:
        commissioning.check_fit(TREE, [claim(PANEL, 0, 0, 19_500)], cluster=CLUSTER)
    refused = FallbacksDoNotFit(misfit.value)
    assert (refused.code, refused.status) == ("fallbacks_do_not_fit", 400)
    assert refused.facts == {"missing": [{"circuit_id": str(PANEL.pk), "phase": 3, "missing_ma": 500}]}
    assert refused.detail.startswith("Panel, L3: ")


@pytest.fixture
def root():
    root = CircuitFactory(limit_l1_ma=20_000)
    ConnectorFactory(circuit=root, chosen_fallback_ma=16_000)
    return root


def test_margin_that_leaves_too_little_is_refused(root):
    cluster = root.cluster
    cluster.margin_ma = 4_000
    commissioning.check_margin(cluster)
    cluster.margin_ma = 4_500
    with pytest.raises(MisfitError, match=r"L1: .* need 0\.5 A more"):
        commissioning.check_margin(cluster)


def test_curve_is_judged_at_its_highest_quarter_hour(root):
    flat = [3_000] * 96
    curve = LoadCurve(circuit=root, community=root.community, l1_ma=flat, l2_ma=flat, l3_ma=flat)
    commissioning.check_curve(curve)
    curve.l1_ma = [*flat[:-1], 5_000]
    with pytest.raises(MisfitError, match=r"L1: .* need 1 A more"):
        commissioning.check_curve(curve)


def test_circuit_that_is_being_retired_is_not_judged(root):
    root.limit_l1_ma = 0
    with pytest.raises(MisfitError):
        commissioning.check_circuits(root.cluster, changed=root)
    root.retired_at = NOW
    commissioning.check_circuits(root.cluster, changed=root)


def test_shortfalls_of_a_cluster_are_as_it_is_stored(root):
    assert commissioning.shortfalls_of(root.cluster) == []
    Circuit.objects.update(limit_l2_ma=15_000)
    assert [(each.phase, each.missing_ma) for each in commissioning.shortfalls_of(root.cluster)] == [
        (1, 1_000)
    ]
