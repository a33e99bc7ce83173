"""An empty install, filled in the admin from the top of the menu down, as whoever sets it up would."""

import pytest
from django.urls import reverse

from chargers.models import ChargePoint
from drivers.models import Driver, IdTag, Membership, User
from evbalancer.life.people.form import form_data
from fleet.models import Vehicle
from grid.models import Circuit, Cluster, Community

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def operator(sign_in):
    return sign_in(User.objects.create_superuser("operator-x", "op@example.org", PASSWORD))


def add(client, model, **given):
    """Fill in the page as it comes and save it."""
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    data = form_data(client.get(page)) | {
        name: [str(getattr(value, "pk", value))] for name, value in given.items()
    }
    response = client.post(page, data)
    if response.status_code == 200 and "adminform" in (response.context or {}):
        form = response.context["adminform"].form
        pytest.fail(f"{model.__name__}: {form.errors} {form.non_field_errors()}")
    return model.objects.latest("pk") if model is User else model.objects.get()


def new_user(client, name):
    return add(client, User, username=name, usable_password="true", password1=PASSWORD, password2=PASSWORD)


@pytest.mark.parametrize("first", ["community", "user"])
def test_first_manager_and_first_driver_are_made_in_either_order(operator, sign_in, first):
    if first == "user":
        boss = new_user(operator, "boss")
    community = add(operator, Community, name="Elm Street", slug="elm-street")
    if first == "community":
        boss = new_user(operator, "boss")
    add(operator, Membership, community=community, user=boss, role="manager")
    boss.refresh_from_db()
    assert boss.is_staff
    cluster = add(operator, Cluster, community=community, name="Garage")
    circuit = add(
        operator,
        Circuit,
        cluster=cluster,
        name="Main",
        kind="transformer",
        **dict.fromkeys(("limit_l1_ma", "limit_l2_ma", "limit_l3_ma"), 63),
        **dict.fromkeys(("base_load_max_l1_ma", "base_load_max_l2_ma", "base_load_max_l3_ma"), 20),
    )
    assert circuit.limit_l1_ma == 63_000
    neighbour = new_user(operator, "neighbour")
    driver = add(operator, Driver, community=community, name="Neighbour", user=neighbour)
    assert [each.role for each in neighbour.memberships.all()] == ["driver"]
    manager = sign_in(boss)
    add(manager, IdTag, driver=driver, token="ABCD1234", kind="rfid")
    add(manager, Vehicle, driver=driver, name="Small car")
    assert not ChargePoint.objects.exists()


def test_new_cluster_is_shown_to_nobody_outside(operator, client):
    community = add(operator, Community, name="Elm Street", slug="elm-street")
    cluster = add(operator, Cluster, community=community, name="AAA")
    assert not cluster.is_public
    Circuit.objects.create(
        community=community, cluster=cluster, name="Main", kind="transformer",
        limit_l1_ma=1000, limit_l2_ma=1000, limit_l3_ma=1000,
    )  # fmt: skip
    assert b"Nothing here is public" in client.get("/").content


@pytest.mark.promise("S5")
def test_manager_lets_in_nobody_who_belongs_elsewhere_or_nowhere(worlds, sign_in):
    client = sign_in(worlds.a.manager)
    page = reverse("admin:drivers_membership_add")
    unknown = User.objects.create_user("unknown", password=PASSWORD)
    for person in (unknown, worlds.b.driver_user):
        data = form_data(client.get(page)) | {"user": [str(person.pk)], "role": ["resident"]}
        client.post(page, data)
        assert not Membership.objects.filter(user=person, community=worlds.a.community).exists()
