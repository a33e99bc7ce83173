from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from grid.domain import topology
from grid.models import Circuit
from tests.factories.grid import CircuitFactory, ClusterFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def root():
    return CircuitFactory()


def below(parent, **fields):
    return CircuitFactory(cluster=parent.cluster, parent=parent, **fields)


def test_path_leads_from_each_circuit_up_to_the_root(root, django_assert_num_queries):
    panel = below(root)
    feeder = below(panel)
    CircuitFactory()
    with django_assert_num_queries(1):
        tree = topology.read_tree(root.cluster)
    assert tree.paths == {
        root.pk: (root.pk,),
        panel.pk: (panel.pk, root.pk),
        feeder.pk: (feeder.pk, panel.pk, root.pk),
    }
    assert tree.root == root


def test_retired_circuit_is_in_no_tree(root):
    below(root, retired_at=NOW)
    assert list(topology.read_tree(root.cluster).circuits) == [root.pk]


def test_tree_in_which_a_circuit_hangs_on_a_retired_one_is_refused(root):
    panel = below(root, name="Panel", retired_at=NOW)
    below(panel, name="Feeder")
    with pytest.raises(ValidationError, match="The parent of Feeder is not in use"):
        topology.read_tree(root.cluster)


def test_circuits_that_hang_on_each_other_are_refused(root):
    panel = below(root, name="Panel")
    feeder = below(panel)
    panel.parent = feeder
    with pytest.raises(ValidationError, match="Panel would hang on itself"):
        topology.check_circuit(panel)


def test_circuit_below_one_of_another_cluster_is_refused(root):
    stranger = CircuitFactory(cluster=ClusterFactory(community=root.community))
    panel = below(root)
    panel.parent = stranger
    with pytest.raises(ValidationError, match="not a circuit in use of the same cluster"):
        topology.check_circuit(panel)


def test_second_root_is_refused_while_the_first_one_is_in_use(root):
    second = Circuit(cluster=root.cluster, community=root.community, name="Second")
    with pytest.raises(ValidationError, match="already has a root"):
        topology.check_circuit(second)
    Circuit.objects.update(retired_at=NOW)
    topology.check_circuit(second)
    assert topology.tree_of([second]).root == second


def test_circuit_of_another_community_than_its_cluster_is_refused(root):
    root.community = CircuitFactory().community
    with pytest.raises(ValidationError, match="different communities"):
        topology.check_circuit(root)


def test_meter_needs_the_maximum_that_counts_in_its_silence(root):
    root.has_meter = True
    with pytest.raises(ValidationError, match="Enter the maximum"):
        topology.check_circuit(root)
    root.base_load_max_l3_ma = 1
    topology.check_circuit(root)


def test_circuit_that_allows_more_than_the_one_above_on_any_phase_is_found(root):
    Circuit.objects.filter(pk=root.pk).update(limit_l1_ma=100_000, limit_l2_ma=100_000, limit_l3_ma=50_000)
    large = below(root, name="Large", limit_l1_ma=60_000, limit_l2_ma=60_000, limit_l3_ma=60_000)
    below(root, name="Same", limit_l1_ma=100_000, limit_l2_ma=100_000, limit_l3_ma=50_000)
    assert topology.find_oversized(topology.read_tree(root.cluster)) == [(large, root)]
