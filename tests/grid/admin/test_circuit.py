import pytest
from django.urls import reverse

from chargers.models import Connector
from evbalancer.life.people.form import form_data
from grid.models import Circuit
from tests.factories.grid import CircuitFactory


def post(client, circuit, **fields):
    page = reverse("admin:grid_circuit_change", args=[circuit.pk])
    return client.post(page, form_data(client.get(page)) | {name: [value] for name, value in fields.items()})


def test_circuit_can_not_hang_below_itself(manager, world):
    root = world["grid.Circuit"]
    panel = CircuitFactory(cluster=root.cluster, parent=root, name="Panel")
    feeder = CircuitFactory(cluster=root.cluster, parent=panel, name="Feeder")
    response = post(manager, panel, parent=str(feeder.pk))
    assert response.context["adminform"].form.errors == {"parent": ["Panel would hang on itself."]}
    assert Circuit.objects.get(pk=panel.pk).parent_id == root.pk


def test_second_root_is_refused(manager, world):
    root = world["grid.Circuit"]
    panel = CircuitFactory(cluster=root.cluster, parent=root, name="Panel")
    assert "parent" in post(manager, panel, parent="").context["adminform"].form.errors


def test_name_that_the_cluster_has_is_refused(manager, world):
    root = world["grid.Circuit"]
    panel = CircuitFactory(cluster=root.cluster, parent=root, name="Panel")
    assert post(manager, panel, name=root.name).status_code == 200
    assert Circuit.objects.get(pk=panel.pk).name == "Panel"


def test_amperes_are_stored_as_milliamperes(manager, world):
    root = world["grid.Circuit"]
    assert post(manager, root, limit_l1_ma="62.5").status_code == 302
    assert Circuit.objects.get(pk=root.pk).limit_ma == (62_500, 48_000, 48_000)


@pytest.mark.parametrize("value", ["-1", "0.0001", "x", ""])
def test_limit_that_can_not_be_is_refused(value, manager, world):
    root = world["grid.Circuit"]
    assert "limit_l1_ma" in post(manager, root, limit_l1_ma=value).context["adminform"].form.errors
    assert Circuit.objects.get(pk=root.pk).limit_ma == (48_000, 48_000, 48_000)


def test_new_circuit_takes_its_community_from_the_cluster(manager, world):
    page = reverse("admin:grid_circuit_add")
    data = form_data(manager.get(page)) | {
        "name": ["Panel"],
        "parent": [str(world["grid.Circuit"].pk)],
        "limit_l1_ma": ["20"],
        "limit_l2_ma": ["20"],
        "limit_l3_ma": ["20"],
    }
    assert manager.post(page, data).status_code == 302
    assert Circuit.objects.get(name="Panel").community_id == world.community.pk


def test_cluster_page_draws_the_tree(manager, world):
    root = world["grid.Circuit"]
    CircuitFactory(cluster=root.cluster, parent=root, name="Panel 7")
    page = reverse("admin:grid_cluster_change", args=[root.cluster_id])
    assert "Panel 7" in manager.get(page).content.decode()


def test_curve_of_other_than_96_values_is_refused(manager, world):
    curve = world["grid.LoadCurve"]
    page = reverse("admin:grid_loadcurve_change", args=[curve.pk])
    response = manager.post(page, form_data(manager.get(page)) | {"l1_ma": ["1, 2, 3"]})
    assert "l1_ma" in response.context["adminform"].form.errors


@pytest.mark.promise("E11")
def test_meter_without_the_maximum_that_counts_in_its_silence_is_refused(manager, world):
    root = world["grid.Circuit"]
    Circuit.objects.update(base_load_max_l1_ma=0, base_load_max_l2_ma=0, base_load_max_l3_ma=0)
    form = post(manager, root, has_meter="on").context["adminform"].form
    assert list(form.errors) == ["base_load_max_l1_ma"]
    assert post(manager, root, has_meter="on", base_load_max_l1_ma="8").status_code == 302


@pytest.mark.promise("E7")
def test_curve_that_leaves_too_little_for_the_fallbacks_is_refused(manager, world):
    curve = world["grid.LoadCurve"]
    Circuit.objects.update(has_meter=False)
    Connector.objects.update(chosen_fallback_ma=6_000)
    page = reverse("admin:grid_loadcurve_change", args=[curve.pk])

    def evening(load_a: int) -> dict[str, list[str]]:
        return form_data(manager.get(page)) | {"l1_ma": [", ".join(["1"] * 80 + [str(load_a)] * 16)]}

    response = manager.post(page, evening(47))
    assert "A more than the limit" in str(response.context["adminform"].form.errors)
    assert manager.post(page, evening(20)).status_code == 302
