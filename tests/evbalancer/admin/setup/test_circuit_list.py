"""Circuits that the back office exported are imported again: into an empty community, and where they came from."""

import pytest
from django.urls import reverse
from django.utils import timezone

from drivers.models import User
from evbalancer.setup.faults import Faults
from evbalancer.setup.lists import read_circuits
from evbalancer.setup.steps import Acting, settle_circuits
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry, Circuit
from tests.factories.grid import CircuitFactory, ClusterFactory

pytestmark = pytest.mark.django_db
COLUMNS = ("name", "kind", "parent__name", "limit_l1_ma", "limit_l2_ma", "limit_l3_ma", "base_load_max_l1_ma", "has_meter", "meter_sees")  # fmt: skip


def connection():
    cluster = ClusterFactory()
    limit = dict.fromkeys(("limit_l1_ma", "limit_l2_ma", "limit_l3_ma"), 100_000)
    return CircuitFactory(cluster=cluster, name="Grid connection", **limit)


@pytest.fixture
def root():
    root = connection()
    here = {"cluster": root.cluster, "community": root.community}
    panel = CircuitFactory(
        **here, parent=root, name='=1+1; "Tür"', kind="panel", limit_l1_ma=13_500, position=2, has_meter=True,
        base_load_max_l1_ma=1_000, base_load_max_l2_ma=1_000, base_load_max_l3_ma=1_000,
    )  # fmt: skip
    CircuitFactory(
        **here,
        parent=panel,
        name="Feeder 1",
        kind="feeder",
        position=1,
        limit_l1_ma=10_500,
        limit_l2_ma=10_000,
        limit_l3_ma=9_000,
    )
    return root


def exported(client, language):
    client.force_login(User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("op"))
    answer = client.get(reverse("admin:grid_circuit_export_list"), headers={"accept-language": language})
    return b"".join(answer.streaming_content)


def imported(told, cluster):
    faults = Faults()
    settle_circuits(cluster, read_circuits(told, faults), Acting(SYSTEM, timezone.now(), faults))
    return [str(fault) for fault in faults.found]


def rows(cluster):
    return set(Circuit.objects.filter(cluster=cluster).values_list(*COLUMNS))


@pytest.mark.parametrize("language", ["en", "de"])
def test_exported_circuits_make_the_same_tree_elsewhere(client, root, language):
    empty = connection()
    assert imported(exported(client, language), empty.cluster) == []
    assert rows(empty.cluster) == rows(root.cluster)


@pytest.mark.parametrize("language", ["en", "de"])
def test_exported_circuits_change_nothing_where_they_came_from(client, root, language):
    told, before = exported(client, language), rows(root.cluster)
    assert imported(told, root.cluster) == []
    assert rows(root.cluster) == before
    assert not AuditEntry.objects.filter(community=root.community).exists()


def test_list_without_a_column_for_meters_leaves_them(client, root):
    assert imported('name;limit_a;building_max_a\n"=1+1; ""Tür""";20;1\n', root.cluster) == []
    assert Circuit.objects.get(cluster=root.cluster, parent=root).has_meter


def test_meter_that_is_none_of_ours_is_refused_with_its_row(root):
    [fault] = imported("name;limit_a;meter\nPanel B;20;maybe\n", root.cluster)
    assert "'maybe' is not one of none, building, everything." in fault
