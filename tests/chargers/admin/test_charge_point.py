import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from chargers.domain.sockets import keys
from chargers.enums import CommandKind, CommandState, SecurityProfile
from chargers.models import ChargePoint, ChargePointCertificate, ChargerCommand, OrphanMessage, SecurityRule
from evbalancer.life.people.form import form_data
from grid.models import AuditEntry
from tests.factories.world import populate


def command_page(charge_point, kind) -> str:
    return reverse(f"admin:chargers_chargepoint_send_{kind}", args=[charge_point.pk])


def key_in(response) -> str:
    (key,) = re.findall(r"<code>([0-9a-f]{40})</code>", response.content.decode())
    return key


@pytest.mark.promise("S1")
def test_new_charge_point_shows_its_key_once(manager, world):
    page = reverse("admin:chargers_chargepoint_add")
    data = form_data(manager.get(page)) | {"name": ["B-07"], "identity": ["HOUSE-B07"]}
    assert data["cluster"] == [str(world["grid.Cluster"].pk)]
    response = manager.post(page, data)
    charge_point = ChargePoint.objects.get(identity="HOUSE-B07")
    assert charge_point.community_id == world.community.pk
    assert keys.match_key(key_in(response).encode(), key_hash=charge_point.key_hash) == (True, False)
    assert "ws://testserver/ocpp/HOUSE-B07" in response.content.decode()
    assert f"ws://HOUSE-B07:{key_in(response)}@testserver/ocpp/HOUSE-B07" in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    drawn = re.findall(r"<svg.*</svg>", response.content.decode(), re.DOTALL)[-1]
    assert not re.search(r"style=|<script|href", drawn)
    shown_later = manager.get(reverse("admin:chargers_chargepoint_change", args=[charge_point.pk]))
    assert key_in(response) not in shown_later.content.decode()
    acts = AuditEntry.objects.filter(target_id=str(charge_point.pk)).values_list("action", flat=True)
    assert sorted(acts) == ["charge_point.key_issued", "chargepoint.added"]


@pytest.mark.parametrize(
    ("profile", "shown", "refusal"),
    [
        ("1", SecurityProfile.NONE, "has no key"),
        ("2", SecurityProfile.PASSWORD, "without TLS"),
        ("3", SecurityProfile.TLS, "no certificate"),
        ("2", SecurityProfile.TLS, ""),
    ],
)
def test_security_profile_that_would_lock_a_connected_charge_point_out_is_refused(
    manager, world, profile, shown, refusal
):
    charge_point = world["chargers.ChargePoint"]
    page = reverse("admin:chargers_chargepoint_change", args=[charge_point.pk])
    ChargePoint.objects.update(
        security_profile=0,
        connected_profile=shown,
        key_hash="" if refusal == "has no key" else charge_point.key_hash,
        online_until=timezone.now() + timedelta(minutes=1),
    )
    ChargePointCertificate.objects.all().delete()
    response = manager.post(page, form_data(manager.get(page)) | {"security_profile": [profile]})
    if refusal:
        (said,) = response.context["adminform"].form.errors["security_profile"]
        assert refusal in said
    assert str(ChargePoint.objects.get().security_profile) == ("0" if refusal else profile)


def test_pinned_certificate_is_taken_as_tools_print_it(manager, world):
    page = reverse("admin:chargers_chargepoint_change", args=[world["chargers.ChargePoint"].pk])
    manager.post(page, form_data(manager.get(page)) | {"pinned_fingerprint": [":".join(["AB"] * 32)]})
    assert ChargePoint.objects.get().pinned_fingerprint == "ab" * 32


def test_rule_of_the_community_does_not_lock_its_charge_points_out(manager, world):
    page = reverse("admin:chargers_securityrule_change", args=[world["chargers.SecurityRule"].pk])
    ChargePoint.objects.update(connected_profile=1, online_until=timezone.now() + timedelta(minutes=1))
    data = form_data(manager.get(page)) | {"security_profile": ["2"]}
    assert "without TLS" in str(manager.post(page, data).context["adminform"].form.errors)
    ChargePoint.objects.update(online_until=None)
    assert manager.post(page, data).status_code == 302
    assert SecurityRule.objects.get().security_profile == SecurityProfile.TLS


def test_revoked_certificate_leaves_a_reason(manager, world):
    page = reverse(
        "admin:chargers_chargepointcertificate_revoke", args=[world["chargers.ChargePointCertificate"].pk]
    )
    assert manager.post(page, {"reason": "Stolen"}).status_code == 302
    assert manager.post(page, {"reason": "Again"}).status_code == 422
    assert AuditEntry.objects.get(action="certificate.revoked").reason == "Stolen"


def test_identity_that_exists_is_refused(manager, world):
    page = reverse("admin:chargers_chargepoint_add")
    data = form_data(manager.get(page)) | {
        "name": ["B-07"],
        "identity": [world["chargers.ChargePoint"].identity],
    }
    response = manager.post(page, data)
    assert response.context["adminform"].form.errors == {
        "identity": ["Charge point with this Identity already exists."]
    }
    assert ChargePoint.objects.count() == 1


def test_rotated_key_is_asked_for_by_post_and_leaves_the_old_one_valid(manager, world):
    charge_point = world["chargers.ChargePoint"]
    page = reverse("admin:chargers_chargepoint_rotate_key", args=[charge_point.pk])
    manager.get(page)
    assert ChargePoint.objects.get().next_key_hash == ""
    response = manager.post(page, {"reason": "Installer left"})
    rotated = ChargePoint.objects.get()
    assert rotated.key_hash == charge_point.key_hash
    assert keys.match_key(key_in(response).encode(), key_hash="", next_key_hash=rotated.next_key_hash) == (
        False,
        True,
    )


@pytest.mark.parametrize(
    ("kind", "given", "arguments"),
    [
        (CommandKind.RESET, {"kind": "soft"}, {"kind": "soft"}),
        (CommandKind.CHANGE_AVAILABILITY, {"operative": "False"}, {"operative": False}),
        (CommandKind.TRIGGER, {"message": "Heartbeat"}, {"message": "Heartbeat", "extended": False}),
        (CommandKind.READ_CONFIGURATION, {"keys": "A, B"}, {"keys": ["A", "B"]}),
        (CommandKind.CHANGE_CONFIGURATION, {"key": "X", "value": "1"}, {"key": "X", "value": "1"}),
        (CommandKind.CLEAR_CACHE, {}, {}),
    ],
)
@pytest.mark.promise("S15")
def test_command_is_queued_and_audited(kind, given, arguments, manager, world):
    charge_point = world["chargers.ChargePoint"]
    response = manager.post(command_page(charge_point, kind), {**given, "reason": "Try it"})
    assert response.status_code == 302
    command = ChargerCommand.objects.get(
        charge_point=charge_point, kind=kind, state=CommandState.QUEUED, requested_by=world.manager.username
    )
    assert command.arguments == arguments
    entry = AuditEntry.objects.get(action=f"command.{kind}")
    assert (entry.target_id, entry.reason) == (str(charge_point.pk), "Try it")
    assert entry.after == {"command_id": str(command.pk), **arguments}


def test_start_is_for_a_connector_and_a_drivers_card(manager, world):
    charge_point, connector, tag = (
        world[name] for name in ("chargers.ChargePoint", "chargers.Connector", "drivers.IdTag")
    )
    page = command_page(charge_point, CommandKind.REMOTE_START)
    assert manager.post(page, {"connector": connector.pk, "id_tag": tag.pk}).status_code == 302
    command = ChargerCommand.objects.get(kind=CommandKind.REMOTE_START)
    assert (command.connector, command.arguments) == (connector, {"id_tag": tag.token})
    assert AuditEntry.objects.get(action="command.remote_start").after["id_tag"] == "(card)"


def test_stop_is_for_a_running_session(manager, world):
    session = world["chargers.Session"]
    page = command_page(world["chargers.ChargePoint"], CommandKind.REMOTE_STOP)
    assert manager.post(page, {"session": session.pk}).status_code == 302
    command = ChargerCommand.objects.get(kind=CommandKind.REMOTE_STOP)
    assert command.session == session
    assert command.arguments["transaction_id"] == session.transaction_id


def test_get_sends_nothing(manager, world):
    manager.get(command_page(world["chargers.ChargePoint"], CommandKind.CLEAR_CACHE))
    assert not ChargerCommand.objects.filter(kind=CommandKind.CLEAR_CACHE).exists()


@pytest.mark.promise("S5")
def test_command_with_a_foreign_card_connector_or_session_is_refused(manager, world):
    other = populate("SECRETB")
    charge_point = world["chargers.ChargePoint"]
    start = {"connector": other["chargers.Connector"].pk, "id_tag": other["drivers.IdTag"].pk}
    refused = manager.post(command_page(charge_point, CommandKind.REMOTE_START), start)
    assert sorted(refused.context["form"].errors) == ["connector", "id_tag"]
    stop = {"session": other["chargers.Session"].pk}
    assert manager.post(command_page(charge_point, CommandKind.REMOTE_STOP), stop).status_code == 422
    assert manager.post(command_page(other["chargers.ChargePoint"], CommandKind.CLEAR_CACHE)).status_code in (
        302,
        404,
    )
    kinds = (CommandKind.REMOTE_START, CommandKind.REMOTE_STOP, CommandKind.CLEAR_CACHE)
    assert not ChargerCommand.objects.filter(kind__in=kinds).exists()


def test_key_is_not_sent_as_a_readable_configuration(manager, world):
    page = command_page(world["chargers.ChargePoint"], CommandKind.CHANGE_CONFIGURATION)
    response = manager.post(page, {"key": "AuthorizationKey", "value": "x"})
    assert "key" in response.context["form"].errors
    assert not ChargerCommand.objects.filter(kind=CommandKind.CHANGE_CONFIGURATION).exists()


def test_page_says_the_state_in_plain_words(manager, world):
    page = reverse("admin:chargers_chargepoint_change", args=[world["chargers.ChargePoint"].pk])
    assert "Planned: it has never connected" in manager.get(page).content.decode()
    gone_at = timezone.now() - timedelta(minutes=7)
    ChargePoint.objects.update(connected_at=gone_at - timedelta(hours=1), disconnected_at=gone_at)
    assert "Offline for 7 min: " in manager.get(page).content.decode()


def test_orphan_is_dealt_with_once_and_with_a_reason(manager, world):
    orphan = world["chargers.OrphanMessage"]
    page = reverse("admin:chargers_orphanmessage_resolve", args=[orphan.pk])
    assert manager.post(page, {"reason": ""}).status_code == 422
    assert manager.post(page, {"reason": "Booked by hand"}).status_code == 302
    assert OrphanMessage.objects.get(pk=orphan.pk).resolved_at is not None
    assert manager.post(page, {"reason": "Again"}).status_code == 422
    assert AuditEntry.objects.filter(action="orphan.resolved").count() == 1


def test_list_costs_the_same_for_many(manager, world, django_assert_max_num_queries):
    page = reverse("admin:chargers_chargepoint_changelist")
    for number in range(20):
        ChargePoint.objects.create(
            community=world.community,
            cluster=world["grid.Cluster"],
            identity=f"N-{number}",
            name=f"N-{number}",
        )
    with django_assert_max_num_queries(40):
        manager.get(page)


@pytest.mark.promise("E7")
def test_fallback_that_does_not_fit_is_refused_on_the_charge_points_page(manager, world):
    page = reverse("admin:chargers_chargepoint_change", args=[world["chargers.ChargePoint"].pk])
    circuit = world["grid.Circuit"]
    circuit.base_load_max_l2_ma = 40_000
    circuit.save()
    data = form_data(manager.get(page)) | {"connectors-0-chosen_fallback_ma": ["12"]}
    response = manager.post(page, data)
    assert response.status_code == 200
    assert "L2: the fallbacks below it" in response.content.decode()
    assert "need 4 A more than the limit" in response.content.decode()
    assert manager.post(page, data | {"connectors-0-chosen_fallback_ma": ["8"]}).status_code == 302
