"""Every registered model, every page of it, every role: nothing of another community is ever shown (S4, S6)."""

import pytest
from django.contrib import admin
from django.db.models import ForeignKey
from django.urls import NoReverseMatch, reverse

from evbalancer.common.admin import scope, wording
from tests.factories.world import TOKEN

pytestmark = pytest.mark.sweep

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
TENANT_MODELS = [model for model in MODELS if scope.path_of(model) is not None]
INSTALL_MODELS = [model for model in MODELS if scope.path_of(model) is None]
# Seen by operators only, though a row has a community.
HIDDEN = {"fleet.ConnectState"}


def url(model, page, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def body(response) -> str:
    return response.content.decode()


def label(model) -> str:
    return model._meta.label


def pages_of(model, row) -> list[str]:
    listed = url(model, "changelist")
    found = [listed, f"{listed}?q=SECRET", url(model, "add"), f"{url(model, 'export')}", f"{listed}?all="]
    found += [url(model, page, row.pk) for page in ("change", "history", "delete")]
    for action in admin.site._registry[model]._get_base_actions_detail():
        found.append(reverse(f"admin:{action.action_name}", args=[row.pk]))
    return found


@pytest.mark.promise("S4")
@pytest.mark.parametrize("model", TENANT_MODELS, ids=label)
def test_manager_never_sees_another_community(model, worlds, pages):
    for page in pages_of(model, worlds.a[label(model)]):
        assert "SECRETB" not in body(pages.see(worlds.a.manager, page)), page


@pytest.mark.promise("S4")
@pytest.mark.parametrize("model", TENANT_MODELS, ids=label)
def test_manager_reaches_no_page_of_a_foreign_row(model, worlds, sign_in):
    client = sign_in(worlds.a.manager)
    for page in pages_of(model, worlds.b[label(model)])[5:]:
        response = client.get(page)
        assert response.status_code in (302, 403, 404), page
        assert "SECRETB" not in body(client.get(page, follow=True)), page


@pytest.mark.parametrize("model", [m for m in TENANT_MODELS if m._meta.label not in HIDDEN], ids=label)
def test_manager_sees_their_own_rows(model, worlds, pages):
    manager, row = worlds.a.manager, worlds.a[label(model)]
    assert pages.see(manager, url(model, "changelist")).context["cl"].queryset.filter(pk=row.pk).exists()
    assert pages.see(manager, url(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", TENANT_MODELS, ids=label)
def test_operator_sees_both_communities(model, worlds, pages):
    rows = pages.see(worlds.operator, url(model, "changelist")).context["cl"].queryset
    assert rows.filter(pk__in=[worlds.a[label(model)].pk, worlds.b[label(model)].pk]).count() == 2


@pytest.mark.promise("S4")
@pytest.mark.parametrize("model", MODELS, ids=label)
@pytest.mark.parametrize("who", ["driver_user", "resident", "nobody", "former manager"])
def test_people_who_manage_nothing_get_no_page(model, who, worlds, sign_in, client):
    if who == "former manager":
        worlds.a.manager.memberships.all().delete()
        client = sign_in(worlds.a.manager)
    elif who != "nobody":
        client = sign_in(getattr(worlds.a, who))
    response = client.get(url(model, "changelist"))
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


@pytest.mark.promise("S8")
@pytest.mark.parametrize("model", INSTALL_MODELS, ids=label)
def test_models_of_the_install_are_for_operators(model, worlds, sign_in):
    for page in ("changelist", "add", "export"):
        assert sign_in(worlds.a.manager).get(url(model, page)).status_code == 403
    assert sign_in(worlds.operator).get(url(model, "changelist")).status_code == 200


@pytest.mark.promise("S8")
@pytest.mark.parametrize(
    "name",
    [
        "admin_logentry",
        "sessions_session",
        "auth_group",
        "auth_permission",
        "token_blacklist_outstandingtoken",
        "token_blacklist_blacklistedtoken",
        "contenttypes_contenttype",
    ],
)
def test_machinery_has_no_pages(name):
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:{name}_changelist")


@pytest.mark.promise("S6")
@pytest.mark.parametrize("model", TENANT_MODELS, ids=label)
def test_autocomplete_offers_only_own_rows(model, worlds, sign_in):
    client = sign_in(worlds.a.manager)
    for field in model._meta.fields:
        if isinstance(field, ForeignKey):
            query = {
                "app_label": model._meta.app_label,
                "model_name": model._meta.model_name,
                "field_name": field.name,
            }
            response = client.get(reverse("admin:autocomplete"), {**query, "term": "SECRET"})
            assert "SECRETB" not in response.content.decode(), field


@pytest.mark.promise("S6")
@pytest.mark.parametrize("model", TENANT_MODELS, ids=label)
def test_lookups_can_not_read_hidden_columns(model, worlds, sign_in):
    client = sign_in(worlds.a.manager)
    listed = url(model, "changelist")
    for field in model._meta.fields:
        probes = [f"{field.name}__startswith"] if wording.is_secret(field.name) else []
        if field.is_relation:
            columns = field.related_model._meta.fields
            probes += [
                f"{field.name}__{column.name}__startswith"
                for column in columns
                if not column.is_relation and not column.primary_key
            ]
        for probe in probes:
            response = client.get(listed, {probe: "S"})
            assert response.status_code in (302, 400, 403), probe
            if response.status_code == 302:
                assert response["Location"].endswith("?e=1")


@pytest.mark.promise("S6")
@pytest.mark.parametrize("model", TENANT_MODELS, ids=label)
def test_filters_offer_only_own_rows(model, worlds, pages):
    if label(model) in HIDDEN:
        return
    response = pages.see(worlds.a.manager, url(model, "changelist"))
    offered = [
        str(choice)
        for spec in response.context["cl"].filter_specs
        for choice in spec.choices(response.context["cl"])
    ]
    assert not [choice for choice in offered if "SECRETB" in choice]


@pytest.mark.promise("S14")
@pytest.mark.parametrize("model", TENANT_MODELS, ids=label)
def test_secrets_are_shown_to_nobody(model, worlds, pages):
    hidden = [TOKEN, worlds.a["chargers.ChargePoint"].key_hash, worlds.a.driver_user.password]
    for page in pages_of(model, worlds.a[label(model)]):
        shown = body(pages.see(worlds.operator, page))
        assert [secret for secret in hidden if secret in shown] == [], page
