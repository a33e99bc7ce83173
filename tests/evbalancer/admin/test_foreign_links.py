"""A POST that links something of another community is refused, for every foreign key of every model (S5)."""

import pytest
from django.contrib import admin
from django.db.models import ForeignKey
from django.urls import reverse

from evbalancer.life.people.form import form_data

pytestmark = pytest.mark.sweep


def _editable() -> list:
    return [
        model
        for model, model_admin in sorted(admin.site._registry.items(), key=lambda item: item[0]._meta.label)
        if "change" in model_admin.manager_may
    ]


def _foreign_keys(model) -> list[ForeignKey]:
    """Those that a form could carry."""
    return [field for field in model._meta.fields if isinstance(field, ForeignKey) and field.editable]


def url(model, page, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def foreign_row(worlds, field):
    related = field.related_model._meta.label
    return worlds.b.driver_user if related == "drivers.User" else worlds.b[related]


@pytest.mark.promise("S5")
@pytest.mark.parametrize("model", _editable(), ids=lambda model: model._meta.label)
def test_changed_row_can_not_link_into_another_community(model, worlds, sign_in):
    client = sign_in(worlds.a.manager)
    row = worlds.a[model._meta.label]
    page = url(model, "change", row.pk)
    for field in _foreign_keys(model):
        data = form_data(client.get(page)) | {field.name: [str(foreign_row(worlds, field).pk)]}
        client.post(page, data)
        kept = model.objects.get(pk=row.pk)
        assert getattr(kept, field.attname) == getattr(row, field.attname), field.name


@pytest.mark.promise("S5")
@pytest.mark.parametrize("model", _editable(), ids=lambda model: model._meta.label)
def test_new_row_can_not_link_into_another_community(model, worlds, sign_in):
    if "add" not in admin.site._registry[model].manager_may:
        return
    client = sign_in(worlds.a.manager)
    own = form_data(client.get(url(model, "change", worlds.a[model._meta.label].pk)))
    empty = form_data(client.get(url(model, "add")))
    for field in _foreign_keys(model):
        theirs = model.objects.filter(community=worlds.b.community).count()
        linked = model.objects.filter(**{field.name: foreign_row(worlds, field)}).count()
        client.post(url(model, "add"), {**own, **empty, field.name: [str(foreign_row(worlds, field).pk)]})
        assert model.objects.filter(community=worlds.b.community).count() == theirs
        assert model.objects.filter(**{field.name: foreign_row(worlds, field)}).count() == linked, field.name


@pytest.mark.promise("S5")
def test_inline_row_can_not_link_into_another_community(worlds, sign_in):
    client = sign_in(worlds.a.manager)
    page = url(type(worlds.a["chargers.ChargePoint"]), "change", worlds.a["chargers.ChargePoint"].pk)
    connector = worlds.a["chargers.Connector"]
    data = form_data(client.get(page)) | {"connectors-0-circuit": [str(worlds.b["grid.Circuit"].pk)]}
    response = client.post(page, data)
    assert response.status_code == 200
    connector.refresh_from_db()
    assert connector.circuit_id == worlds.a["grid.Circuit"].pk


@pytest.mark.promise("S5")
def test_inline_can_not_capture_a_foreign_row(worlds, sign_in):
    client = sign_in(worlds.a.manager)
    page = url(type(worlds.a["chargers.ChargePoint"]), "change", worlds.a["chargers.ChargePoint"].pk)
    stolen = worlds.b["chargers.Connector"]
    data = form_data(client.get(page)) | {"connectors-0-id": [str(stolen.pk)], "connectors-0-number": ["7"]}
    client.post(page, data)
    stolen.refresh_from_db()
    assert (stolen.number, stolen.charge_point_id) == (1, worlds.b["chargers.ChargePoint"].pk)


@pytest.mark.promise("S5")
def test_manager_of_two_communities_can_not_mix_them(worlds, sign_in):
    worlds.b.manager.memberships.update(user=worlds.a.manager)
    client = sign_in(worlds.a.manager)
    connector = worlds.a["chargers.Connector"]
    page = url(type(connector), "change", connector.pk)
    data = form_data(client.get(page)) | {"circuit": [str(worlds.b["grid.Circuit"].pk)]}
    response = client.post(page, data)
    assert response.context["adminform"].form.errors == {"circuit": ["This belongs to another community."]}
    connector.refresh_from_db()
    assert connector.circuit_id == worlds.a["grid.Circuit"].pk
