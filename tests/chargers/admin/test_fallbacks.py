import pytest
from django.urls import reverse

from chargers.models import Connector
from grid.models import AuditEntry, Cluster
from tests.factories.world import populate

pytestmark = [pytest.mark.django_db, pytest.mark.promise("E7")]
PAGE = "/admin/chargers/connector/fallbacks/"


def choose(client, world, **given):
    return client.post(
        PAGE, {"circuit": world["grid.Circuit"].pk, "fallback": "least", "reason": "Winter", **given}
    )


def test_managers_see_on_the_clusters_page_what_each_choice_costs(manager, world):
    page = manager.get(reverse("admin:grid_cluster_change", args=[world["grid.Cluster"].pk])).content.decode()
    assert "Fallbacks: do they fit?" in page
    assert "Kept free, idle" in page


def test_fallbacks_are_chosen_for_all_on_a_circuit_and_audited(manager, world):
    assert choose(manager, world).status_code == 302
    chosen = Connector.objects.get(pk=world["chargers.Connector"].pk)
    assert chosen.chosen_fallback_ma == chosen.min_current_ma
    assert AuditEntry.objects.get(action="connector.changed").reason == "Winter"


def test_fallback_that_does_not_fit_is_refused_with_the_missing_amperes(manager, world):
    Cluster.objects.update(margin_ma=47_000)
    response = choose(manager, world, fallback_ma="6")
    assert response.status_code == 422
    assert "A more than the limit" in response.content.decode()
    assert not AuditEntry.objects.filter(action="connector.changed").exists()


@pytest.mark.parametrize(
    "given", [{"fallback_ma": "3"}, {"fallback_ma": "NaN"}, {"fallback_ma": "999"}, {"reason": ""}]
)
def test_choice_that_can_not_be_is_refused(manager, world, given):
    assert choose(manager, world, **given).status_code == 422


@pytest.mark.promise("S5")
def test_circuit_of_another_community_is_refused(manager, world):
    other = populate("SECRETB")
    response = choose(manager, world, circuit=other["grid.Circuit"].pk)
    assert response.status_code == 422
    foreign = manager.get(f"{PAGE}?cluster={other['grid.Cluster'].pk}")
    assert "SECRETB" not in response.content.decode() + foreign.content.decode()
    assert not AuditEntry.objects.filter(action="connector.changed").exists()
