from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from evbalancer.admin.live_tree import tree_panel
from evbalancer.common.admin.panels import page_of
from tests.evbalancer.dashboard.conftest import make_house
from tests.factories.grid import ClusterFactory


def test_tree_of_a_cluster_is_the_live_page_s_own_picture(db):
    house = make_house()
    session = house.charging("A-01", limit_ma=16_000)
    picture = tree_panel(RequestFactory().get("/"), house.cluster).context["picture"]
    assert [(bar["name"], bar["depth"], bar["phases"][0]["limit_ma"]) for bar in picture["bars"]] == [
        ("Transformer", 0, 100_000),
        ("Panel A", 1, 63_000),
    ]
    (row,) = picture["rows"]
    assert (row["circuit_id"], row["space"], row["driver"]) == (
        str(house.panel.pk),
        "A-01",
        session.driver.name,
    )
    assert set(picture) == {"cluster", "bars", "rows"}


def test_tree_asks_as_much_however_many_charge_points_hang_on_it(db):
    house = make_house()
    request = RequestFactory().get("/")

    def queries():
        with CaptureQueriesContext(connection) as found:
            tree_panel(request, house.cluster)
        return len(found)

    house.charging("A-01")
    few = queries()
    for number in (2, 3):
        house.charging(f"A-0{number}")
    assert queries() == few


def test_page_of_a_cluster_follows_the_socket_of_the_live_page(manager, world):
    cluster = world["grid.Cluster"]
    page = manager.get(page_of(cluster)).content.decode()
    assert f'data-socket="/ws/cluster/{cluster.pk}"' in page
    assert "dashboard/admin_tree.js" in page


def test_cluster_without_a_tree_has_none(db):
    assert tree_panel(RequestFactory().get("/"), ClusterFactory()) is None
