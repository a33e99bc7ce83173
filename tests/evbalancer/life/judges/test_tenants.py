from datetime import UTC, datetime
from unittest import mock

import pytest
from django.db import DatabaseError

from chargers.models import Connector
from evbalancer.common.security.tenancy import TenantViewSet
from evbalancer.life.judges.tenants import Tenants
from grid.models import Cluster
from scheduling.models import BalanceTrouble


def test_row_of_another_community_that_changes_is_found(bench, world):
    judge, said = bench(Tenants)
    judge.see_minute()
    judge.see_end()
    assert said == []
    Connector.objects.filter(community=world.place.neighbour.community_id).update(max_current_ma=10_000)
    judge.see_end()
    assert [each.sentence for each in said] == [
        "rows of chargers.Connector changed in a community where nothing happens"
    ]


def test_list_that_shows_rows_of_others_is_found(bench):
    judge, said = bench(Tenants)
    with mock.patch.object(TenantViewSet, "visible", lambda _, rows: rows):
        judge.see_minute()
    assert "/chargers shows a manager rows of another community" in [each.sentence for each in said]


@pytest.mark.parametrize("has_failed", [False, True])
def test_database_that_failed_has_failed_for_all_communities(bench, world, has_failed):
    judge, said = bench(Tenants)
    judge.see_minute()
    if has_failed:
        world._server.storage.raised.append(DatabaseError())
    cluster, now = Cluster.objects.get(community=world.place.neighbour.community_id), datetime.now(UTC)
    BalanceTrouble.objects.create(community_id=cluster.community_id, cluster=cluster, since=now, at=now)
    judge.see_end()
    assert len(said) == (0 if has_failed else 1)
