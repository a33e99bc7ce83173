from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from evbalancer.common.errors import InvalidInput
from evbalancer.common.waking import answer_wakes, stop_answering
from grid.domain.audit import SYSTEM
from grid.domain.changes import apply_changes, store_changes
from grid.models import AuditEntry, Cluster
from tests.factories.grid import ClusterFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def cluster():
    return ClusterFactory()


@pytest.fixture
def woken():
    clusters = []
    answer_wakes(clusters.append)
    yield clusters
    stop_answering(clusters.append)


def apply(cluster, check=lambda: None, **to):
    return apply_changes(
        cluster,
        to=to,
        check=check,
        cluster_id=cluster.pk,
        action="cluster.changed",
        actor=SYSTEM,
        now=NOW,
    )


def test_change_wakes_the_balancer_and_no_change_does_not(cluster, woken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        apply(cluster, margin_ma=0)
    assert woken == []
    with django_capture_on_commit_callbacks(execute=True):
        apply(cluster, margin_ma=2_000)
    assert woken == [cluster.pk]
    assert Cluster.objects.get().margin_ma == 2_000


def test_row_is_judged_as_it_would_become_before_anything_is_stored(cluster):
    judged = []

    def refuse():
        judged.append(cluster.margin_ma)
        raise ValidationError({"margin_ma": "Too much."})

    with pytest.raises(InvalidInput, match=r"Too much\.") as refused:
        apply(cluster, refuse, margin_ma=2_000)
    assert (judged, refused.value.field) == ([2_000], "margin_ma")
    assert Cluster.objects.get().margin_ma == 0
    assert not AuditEntry.objects.exists()


def test_column_beyond_its_bounds_is_refused_before_the_check_is_asked(cluster):
    judged = []
    with pytest.raises(InvalidInput) as refused:
        apply(cluster, lambda: judged.append(1), cut_notice_s=61)
    assert (judged, refused.value.field) == ([], "cut_notice_s")


def test_judged_row_is_stored_in_the_columns_that_are_named(cluster):
    Cluster.objects.update(voltage_v=240)
    cluster.margin_ma, cluster.voltage_v = 500, 100
    store_changes(cluster, before={"margin_ma": 0}, action="cluster.changed", actor=SYSTEM, now=NOW)
    stored = Cluster.objects.get()
    assert (stored.margin_ma, stored.voltage_v) == (500, 240)
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after, entry.at) == ({"margin_ma": 0}, {"margin_ma": 500}, NOW)
