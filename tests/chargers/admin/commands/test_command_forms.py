"""Every command has a form that a manager can fill in, and is offered where the charge point knows it."""

import pytest
from django.urls import reverse

from chargers.admin.commands.command_forms import SENDABLE
from chargers.domain.operations import BY_HAND
from chargers.enums import CommandKind, CommandState, OcppVersion
from chargers.models import ChargerCommand
from tests.asserts.forms import form_data
from tests.factories.world import populate

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
SUM = "0123456789abcdef" * 2
# What is typed into the form over what it offers, and what the command is given of it.
TYPED = {
    CommandKind.UPDATE_FIRMWARE: ({"url": "https://example.com/image", "retries": "3"}, {"retries": 3}),
    CommandKind.GET_LOG: ({"url": "https://example.com/logs/"}, {"kind": "diagnostics"}),
    CommandKind.PUBLISH_FIRMWARE: ({"url": "https://example.com/image", "checksum": SUM}, {"checksum": SUM}),
    CommandKind.UNPUBLISH_FIRMWARE: ({"checksum": SUM}, {"checksum": SUM}),
    CommandKind.INSTALL_CERTIFICATE: ({"certificate": PEM}, {"use": "central_system", "certificate": PEM}),
    CommandKind.DELETE_CERTIFICATE: (
        {"issuer_name_hash": "ab", "issuer_key_hash": "cd", "serial_number": "1"},
        {"hash_algorithm": "SHA256", "serial_number": "1"},
    ),
    CommandKind.SEND_CERTIFICATE: ({"chain": PEM}, {"chain": PEM}),
    CommandKind.SET_NETWORK: ({"slot": "1", "server_url": "wss://example.com/ocpp"}, {"security_profile": 1}),
    CommandKind.DATA_TRANSFER: ({"vendor": "acme", "content": "x"}, {"vendor": "acme", "data": "x"}),
    CommandKind.CUSTOMER_DATA: ({"customer": "c-1", "report": "on"}, {"customer": "c-1", "report": True}),
    CommandKind.CHANGE_CONFIGURATION: ({"key": "X", "value": ""}, {"key": "X", "value": ""}),
    CommandKind.SET_STATION_LIMIT: ({"limit_ma": "12.5"}, {"limit_ma": 12_500}),
    CommandKind.TELL_COST: ({"cost_minor": "1.25"}, {"cost_minor": 125}),
    CommandKind.RESERVE: ({}, {"reservation_number": 1}),
    CommandKind.CANCEL_RESERVATION: ({"reservation_number": "4"}, {"reservation_number": 4}),
    CommandKind.SEND_LOCAL_LIST: ({}, {"version": 1, "differential": False}),
    CommandKind.READ_COMPONENTS: ({"names": "EVSE/1"}, {"names": ["EVSE/1"]}),
    CommandKind.MONITOR: ({"name": "EVSE/1.Power", "value": "5"}, {"kind": "above", "value": 5.0}),
    CommandKind.CLEAR_MONITORS: ({"monitor_numbers": "1, 2"}, {"monitor_numbers": [1, 2]}),
    CommandKind.SHOW_MESSAGE: ({"text": "Back at 8"}, {"message_number": 1, "priority": "cycle"}),
    CommandKind.CLEAR_MESSAGE: ({"message_number": "1"}, {"message_number": 1}),
}


@pytest.fixture
def charge_point(world):
    charge_point = world["chargers.ChargePoint"]
    charge_point.ocpp_version = OcppVersion.V201
    charge_point.save()
    session = world["chargers.Session"]
    session.transaction_uid = session.transaction_uid or "tx-1"
    session.save()
    return charge_point


def page_of(charge_point, kind) -> str:
    return reverse(f"admin:chargers_chargepoint_send_{kind}", args=[charge_point.pk])


def chosen(form) -> dict:
    """What a person picks where the page has no choice made: the first real one."""
    return {
        name: next(str(key) for key, _ in field.choices if str(key))
        for name, field in form.fields.items()
        if hasattr(field, "choices") and field.required
    }


def test_every_command_that_a_person_may_send_has_a_form():
    assert set(SENDABLE) == set(BY_HAND)


@pytest.mark.parametrize("kind", BY_HAND)
def test_form_queues_its_command(kind, manager, charge_point):
    page = page_of(charge_point, kind)
    shown = manager.get(page)
    typed, given = TYPED.get(kind, ({}, {}))
    data = form_data(shown) | chosen(shown.context["form"]) | typed
    response = manager.post(page, data)
    assert response.status_code == 302, response.context["form"].errors
    command = ChargerCommand.objects.filter(kind=kind, state=CommandState.QUEUED).latest("queued_at")
    assert {name: command.arguments[name] for name in given} == given
    assert None not in command.arguments.values()


def test_only_what_its_version_has_is_in_the_menus(manager, charge_point):
    page = reverse("admin:chargers_chargepoint_change", args=[charge_point.pk])

    def offered():
        text = manager.get(page).content.decode()
        return {kind for kind in SENDABLE if page_of(charge_point, kind) in text}

    assert offered() == set(BY_HAND)
    charge_point.ocpp_version = OcppVersion.V16
    charge_point.save()
    missing = set(BY_HAND) - offered()
    assert CommandKind.SHOW_MESSAGE in missing
    assert CommandKind.RESERVE not in missing
    refused = manager.post(page_of(charge_point, CommandKind.CLEAR_MESSAGE), {"message_number": "1"})
    assert "can&#x27;t say" in refused.content.decode()
    assert not ChargerCommand.objects.filter(kind=CommandKind.CLEAR_MESSAGE).exists()


def test_list_of_cards_holds_those_of_the_community_that_may_charge(manager, world, charge_point):
    populate("SECRETB")
    page = page_of(charge_point, CommandKind.SEND_LOCAL_LIST)
    assert manager.post(page, {"how": "remove", "version": "3"}).status_code == 302
    tag = world["drivers.IdTag"]
    assert ChargerCommand.objects.get(kind=CommandKind.SEND_LOCAL_LIST).arguments == {
        "version": 3,
        "differential": True,
        "entries": [{"id_tag": tag.token}],
    }


@pytest.mark.parametrize(
    ("kind", "typed", "field"),
    [
        (CommandKind.UPDATE_FIRMWARE, {"url": "https://example.com/i", "certificate": PEM}, "__all__"),
        (CommandKind.CLEAR_MONITORS, {"monitor_numbers": "one"}, "monitor_numbers"),
        (CommandKind.CUSTOMER_DATA, {"report": "on"}, "__all__"),
        (CommandKind.CUSTOMER_DATA, {"customer": "x"}, "__all__"),
        (CommandKind.GET_LOG, {"url": "https://192.168.1.1/"}, "__all__"),
        (CommandKind.PUBLISH_FIRMWARE, {"url": "https://example.com/", "checksum": "z" * 32}, "__all__"),
        (CommandKind.SET_NETWORK, {"slot": "1", "server_url": "https://example.com"}, "__all__"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_queued(kind, typed, field, manager, charge_point):
    page = page_of(charge_point, kind)
    shown = manager.get(page)
    response = manager.post(page, form_data(shown) | chosen(shown.context["form"]) | typed)
    assert field in response.context["form"].errors
    assert not ChargerCommand.objects.filter(kind=kind).exists()
