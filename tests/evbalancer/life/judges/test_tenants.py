from unittest import mock

from chargers.models import Connector
from evbalancer.common.security.tenancy import TenantViewSet
from evbalancer.life.judges.tenants import Tenants


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
