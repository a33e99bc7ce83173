"""A prepared query answers as the query itself does, whatever was asked before."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Count, F, QuerySet

from evbalancer.common.db.prepared import One, Several, prepared
from grid.models import Circuit
from tests.factories.grid import CircuitFactory, ClusterFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, 0, 250_000, tzinfo=UTC)


@prepared
def _in_use(cluster_id: One) -> QuerySet[Circuit]:
    rows = Circuit.objects.filter(cluster=cluster_id, retired_at=None).order_by("name")
    return rows.select_related("cluster__community", "load_curve").annotate(above=F("parent__name"))


@prepared
def _named(names: Several, cluster_id: One) -> QuerySet[Circuit]:
    return (
        Circuit.objects.filter(name__in=names, cluster=cluster_id).order_by("name").values_list("pk", "name")
    )


@prepared
def _retired_since(since: One) -> QuerySet[Circuit]:
    return Circuit.objects.filter(retired_at__gte=since).order_by().values_list("retired_at", flat=True)


@prepared
def _counts(cluster_ids: Several) -> QuerySet[Circuit]:
    rows = Circuit.objects.filter(cluster__in=cluster_ids).order_by("cluster")
    return rows.values_list("cluster").annotate(many=Count("pk"))


@prepared
def _deferring(pk: One) -> QuerySet[Circuit]:
    return Circuit.objects.filter(pk=pk).only("name")


def test_rows_are_those_of_the_query_for_each_value(django_assert_num_queries):
    for cluster in (ClusterFactory(), ClusterFactory()):
        root = CircuitFactory(cluster=cluster, name="Root", limit_l1_ma=63_000)
        panel = CircuitFactory(cluster=cluster, name="Panel", parent=root)
        CircuitFactory(cluster=cluster, name="Old", parent=root, retired_at=NOW)
        with django_assert_num_queries(1):
            found = _in_use(cluster_id=cluster.pk)
            assert found == [panel, root]
            assert [row.cluster.community for row in found] == [cluster.community] * 2
            assert [row.above for row in found] == ["Root", None]
            assert [row.limit_ma for row in found] == [panel.limit_ma, root.limit_ma]
            assert getattr(found[0], "load_curve", None) is None


def test_what_is_changed_in_a_row_is_stored_as_with_any_other():
    root = CircuitFactory(name="Root")
    [row] = _in_use(cluster_id=root.cluster_id)
    row.name = "Main"
    row.save()
    root.refresh_from_db()
    assert root.name == "Main"


def test_several_values_may_be_any_number(django_assert_num_queries):
    root = CircuitFactory(name="a")
    for name in "bc":
        CircuitFactory(cluster=root.cluster, parent=root, name=name)
    CircuitFactory(name="b")

    def names(*wanted):
        return [name for _, name in _named(names=wanted, cluster_id=root.cluster_id)]

    assert names("a") == ["a"]
    assert names("a", "c", "z") == ["a", "c"]
    assert names("b", "a", "c") == ["a", "b", "c"]
    with django_assert_num_queries(0):
        assert names() == []


def test_moments_are_compared_to_the_microsecond():
    CircuitFactory(retired_at=NOW)
    assert _retired_since(since=NOW) == [NOW]
    assert _retired_since(since=NOW + timedelta(microseconds=1)) == []


def test_counts_and_deferred_columns_are_read_as_django_reads_them(django_assert_num_queries):
    root = CircuitFactory(name="a")
    CircuitFactory(cluster=root.cluster, parent=root)
    assert _counts(cluster_ids=[root.cluster_id]) == [(root.cluster_id, 2)]
    row = _deferring.first(pk=root.pk)
    with django_assert_num_queries(1):
        assert (row.name, row.cluster_id) == ("a", root.cluster_id)
    assert _deferring.first(pk=root.cluster_id) is None


def test_a_query_that_yields_something_else_is_refused():
    @prepared
    def names(cluster_id: One) -> QuerySet[Circuit]:
        return Circuit.objects.filter(cluster=cluster_id).values("name")

    with pytest.raises(TypeError, match="ValuesIterable"):
        names(cluster_id=ClusterFactory().pk)
