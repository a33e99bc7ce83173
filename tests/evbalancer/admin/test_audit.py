"""Every write from the admin leaves who, what before, what after and why, in the same transaction (S15)."""

import pytest
from django.contrib import admin
from django.urls import reverse

from evbalancer.life.people.form import form_data
from grid.admin.audited import AuditedAdmin
from grid.domain import audit
from grid.models import AuditEntry, Circuit


@pytest.mark.promise("S15")
def test_every_registered_admin_is_audited():
    assert [
        model for model, entry in admin.site._registry.items() if not isinstance(entry, AuditedAdmin)
    ] == []


@pytest.mark.promise("S15")
def test_change_is_recorded_with_before_after_and_reason(worlds, sign_in):
    circuit = worlds.a["grid.Circuit"]
    client = sign_in(worlds.a.manager)
    page = reverse("admin:grid_circuit_change", args=[circuit.pk])
    data = form_data(client.get(page)) | {"limit_l1_ma": ["40.5"], "audit_reason": ["New fuse"]}
    assert client.post(page, data).status_code == 302
    entry = AuditEntry.objects.get(action="circuit.changed", target_id=str(circuit.pk))
    assert (entry.actor_label, entry.community_id) == (worlds.a.manager.username, worlds.a.community.pk)
    assert (entry.before, entry.after) == ({"limit_l1_ma": 48000}, {"limit_l1_ma": 40500})
    assert entry.reason == "New fuse"


@pytest.mark.promise("S15")
def test_change_that_can_not_be_recorded_does_not_happen(worlds, sign_in, monkeypatch):
    circuit = worlds.a["grid.Circuit"]
    client = sign_in(worlds.a.manager)
    page = reverse("admin:grid_circuit_change", args=[circuit.pk])
    data = form_data(client.get(page)) | {"limit_l1_ma": ["40"]}

    def killed(**_):
        raise SystemExit

    monkeypatch.setattr(audit, "record_entry", killed)
    with pytest.raises(SystemExit):
        client.post(page, data)
    assert Circuit.objects.get(pk=circuit.pk).limit_l1_ma == 48_000


@pytest.mark.promise("S15")
def test_inline_changes_and_deletions_are_recorded(worlds, sign_in):
    tariff, window = worlds.a["pricing.Tariff"], worlds.a["pricing.TariffWindow"]
    client = sign_in(worlds.a.manager)
    page = reverse("admin:pricing_tariff_change", args=[tariff.pk])
    assert (
        client.post(page, form_data(client.get(page)) | {"windows-0-end_min": ["07:30"]}).status_code == 302
    )
    changed = AuditEntry.objects.get(action="tariffwindow.changed")
    assert (changed.before, changed.after) == ({"end_min": 360}, {"end_min": 450})
    assert client.post(page, form_data(client.get(page)) | {"windows-0-DELETE": ["on"]}).status_code == 302
    deleted = AuditEntry.objects.get(action="tariffwindow.deleted")
    assert deleted.target_id == str(window.pk)
    assert deleted.before["end_min"] == 450


@pytest.mark.promise("S15")
def test_trail_can_not_be_edited_in_the_admin(worlds, sign_in):
    entry = worlds.a["grid.AuditEntry"]
    client = sign_in(worlds.operator)
    assert (
        client.post(reverse("admin:grid_auditentry_change", args=[entry.pk]), {"reason": "x"}).status_code
        == 403
    )
    assert (
        client.post(reverse("admin:grid_auditentry_delete", args=[entry.pk]), {"post": "yes"}).status_code
        == 403
    )
    assert client.post(reverse("admin:grid_auditentry_add"), {}).status_code == 403


def test_history_shows_the_trail_of_the_row(worlds, sign_in):
    cluster = worlds.a["grid.Cluster"]
    audit_entry = worlds.a["grid.AuditEntry"]
    assert audit_entry.target_id == str(cluster.pk)
    response = sign_in(worlds.a.manager).get(reverse("admin:grid_cluster_history", args=[cluster.pk]))
    assert "SECRETA why" in response.content.decode()


def test_unchanged_form_leaves_no_entry(worlds, sign_in):
    circuit = worlds.a["grid.Circuit"]
    client = sign_in(worlds.a.manager)
    page = reverse("admin:grid_circuit_change", args=[circuit.pk])
    before = AuditEntry.objects.count()
    assert client.post(page, form_data(client.get(page))).status_code == 302
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize(
    "label", ["chargers.Session", "pricing.BillLine", "scheduling.FairnessEntry", "grid.MeterReading"]
)
def test_state_and_ledgers_are_read_only_for_operators_too(label, worlds, sign_in):
    row = worlds.a[label]
    name = row._meta.label_lower.replace(".", "_")
    client = sign_in(worlds.operator)
    for page in ("change", "delete"):
        assert client.post(reverse(f"admin:{name}_{page}", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


def test_times_are_shown_on_the_communitys_clock(worlds, sign_in):
    response = sign_in(worlds.a.manager).get(
        reverse("admin:chargers_session_change", args=[worlds.a["chargers.Session"].pk])
    )
    # 18:00 UTC on 2 March is 19:00 in Berlin.
    assert "2 Mar 2026, 19:00" in response.content.decode()
