import pytest
from django.utils import timezone

from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.domain.commissioning import FallbacksDoNotFit
from grid.domain.communities import add_cluster, change_cluster, change_community, found_community
from grid.models import AuditEntry, Cluster, Community
from tests.factories.chargers import ChargePointFactory, ConnectorFactory
from tests.factories.grid import CircuitFactory, ClusterFactory, CommunityFactory

pytestmark = pytest.mark.django_db


def by():
    return {"actor": SYSTEM, "now": timezone.now()}


def test_community_gets_a_slug_that_nobody_has():
    first, second, third = (
        found_community(Community(name=name), **by()) for name in ("Elm Street 12", "Elm Street, 12", "Ü")
    )
    assert [first.slug, second.slug, third.slug] == ["elm-street-12", "elm-street-12-2", "u"]
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["community.added"] * 3


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("time_zone", "Europe/Nowhere", "'Europe/Nowhere' is not an IANA time zone, for example Europe/Berlin."),
        ("currency", "euro", "A currency has three capital letters, for example EUR."),
        ("language", "xx", "'xx' is not a language of this server; it has en, de."),
    ],
)  # fmt: skip
def test_refused_community_is_neither_stored_nor_changed(column, value, why):
    with pytest.raises(InvalidInput) as refusal:
        found_community(Community(name="New", **{column: value}), **by())
    assert (
        refusal.value.field in (column, "non_field_errors"),
        why in refusal.value.detail or column == "currency",
    ) == (True, True)
    known = CommunityFactory()
    with pytest.raises(InvalidInput):
        change_community(known, to={column: value}, **by())
    assert list(Community.objects.all()) == [known]
    assert getattr(Community.objects.get(), column) != value
    assert not AuditEntry.objects.exists()


def test_changed_community_is_recorded_with_what_it_was():
    known = CommunityFactory(name="Old")
    change_community(known, to={"name": "New", "language": "de"}, **by())
    change_community(known, to={"name": "New"}, **by())
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ({"name": "Old", "language": ""}, {"name": "New", "language": "de"})


def test_cluster_is_added_once_a_name_and_shown_to_nobody():
    community = CommunityFactory()
    cluster = add_cluster(Cluster(community=community, name="Garage"), **by())
    assert not cluster.is_public
    with pytest.raises(InvalidInput):
        add_cluster(Cluster(community=community, name="Garage"), **by())
    assert AuditEntry.objects.get().action == "cluster.added"


def test_margin_that_leaves_too_little_for_the_fallbacks_is_refused():
    cluster = ClusterFactory(margin_ma=1_000)
    circuit = CircuitFactory(
        cluster=cluster,
        community=cluster.community,
        limit_l1_ma=10_000,
        limit_l2_ma=10_000,
        limit_l3_ma=10_000,
    )
    charge_point = ChargePointFactory(cluster=cluster, community=cluster.community)
    ConnectorFactory(
        charge_point=charge_point, community=cluster.community, circuit=circuit, chosen_fallback_ma=6_000
    )
    change_cluster(cluster, to={"margin_ma": 2_000}, **by())
    with pytest.raises(FallbacksDoNotFit, match="3 A"):
        change_cluster(cluster, to={"margin_ma": 7_000}, **by())
    assert Cluster.objects.get(pk=cluster.pk).margin_ma == 2_000
