from datetime import UTC, datetime, timedelta

import pytest

from grid.models import Cluster
from scheduling.domain.trials.weekly import measure_weekly
from scheduling.models import AimTrial
from tests.factories.grid import ClusterFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def measure_those_due(now):
    measured = []

    def measure(cluster):
        measured.append(cluster)
        AimTrial.objects.update_or_create(
            cluster=cluster,
            defaults={
                "community": cluster.community,
                "measured_at": now,
                "day": now.date(),
                "days": 0,
                "cars": 0,
            },
        )

    count = measure_weekly(AimTrial, measure, what="Something of cluster", now=now)
    assert count == len(measured)
    return measured


def test_each_cluster_in_use_has_its_turn_once_a_week():
    first = ClusterFactory()
    retired = ClusterFactory()
    Cluster.objects.filter(pk=retired.pk).update(retired_at=NOW)
    assert measure_those_due(NOW) == [first]
    second = ClusterFactory()
    assert measure_those_due(NOW + timedelta(days=6)) == [second]
    assert measure_those_due(NOW + timedelta(days=7)) == [first]
