"""Every command has a form that a manager can fill in, and is offered where the charge point knows it."""

import json

import jsonschema_rs
import pytest
from django.forms import BooleanField
from django.urls import reverse
from django.utils.translation import override

from chargers.admin.commands.command_forms import SENDABLE
from chargers.domain.operations import BY_HAND
from chargers.enums import CommandKind, CommandState, OcppVersion
from chargers.models import ChargerCommand
from chargers.orders import ORDERS
from chargers.orders.shape import arguments_of
from evbalancer.life.people.form import form_data
from tests.factories.world import populate

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
SUM = "0123456789abcdef" * 2
GET_VARIABLES = '{"getVariableData": [{"component": {"name": "EVSE"}, "variable": {"name": "Power"}}]}'
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
    CommandKind.DATA_TRANSFER: ({"vendor": "acme", "data": "x"}, {"vendor": "acme", "data": "x"}),
    CommandKind.CUSTOMER_DATA: ({"customer": "c-1", "report": "on"}, {"customer": "c-1", "report": True}),
    CommandKind.CALL: (
        {"action": "GetVariables", "payload": GET_VARIABLES},
        {"action": "GetVariables", "payload": json.loads(GET_VARIABLES)},
    ),
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
# What a form asks for beside the arguments.
BESIDE = {
    CommandKind.REMOTE_START: {"connector"},
    CommandKind.REMOTE_STOP: {"session"},
    CommandKind.UNLOCK: {"connector"},
    CommandKind.CHANGE_AVAILABILITY: {"connector"},
    CommandKind.RESERVE: {"connector"},
    CommandKind.READ_LIMIT: {"connector"},
    CommandKind.READ_PROFILES: {"connector"},
    CommandKind.CLEAR_LIMITS: {"connector"},
    CommandKind.READ_TRANSACTION: {"session"},
    CommandKind.TELL_COST: {"session"},
    CommandKind.TRIGGER: {"connector"},
    CommandKind.SEND_LOCAL_LIST: {"how", "tags"},
}
# Where a form requires something else than its order: an empty value is one, and OCPP 1.6 needs a use.
OTHERWISE = {
    (CommandKind.CHANGE_CONFIGURATION, "value"): False,
    (CommandKind.READ_CERTIFICATES, "use"): True,
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


def asked_of(kind) -> dict:
    return {one.stored: one for one in arguments_of(ORDERS[kind]) if one.asked is not None}


def bounds_of(field) -> dict:
    """As JSON schema names them."""
    named = {
        "minLength": "min_length",
        "maxLength": "max_length",
        "minimum": "min_value",
        "maximum": "max_value",
    }
    return {name: bound for name, ours in named.items() if (bound := getattr(field, ours, None)) is not None}


@pytest.mark.parametrize("kind", BY_HAND)
def test_form_has_the_fields_of_its_order(kind, charge_point):
    form = SENDABLE[kind].form(kind=kind, charge_point=charge_point)
    asked = asked_of(kind)
    assert form.fields.keys() == asked.keys() | BESIDE.get(kind, set()) | {"reason"}
    for name, one in asked.items():
        assert (form.fields[name].label, form.fields[name].help_text) == (one.asked.label, one.asked.help)


def test_form_asks_in_the_readers_language(charge_point):
    with override("de"):
        reset = SENDABLE[CommandKind.RESET].form(kind=CommandKind.RESET, charge_point=charge_point)
        firmware = SENDABLE[CommandKind.UPDATE_FIRMWARE].form(
            kind=CommandKind.UPDATE_FIRMWARE, charge_point=charge_point
        )
    assert ("soft", "Sanft: Ladevorgänge enden zuerst ordentlich") in reset.fields["kind"].choices
    assert (firmware.fields["url"].label, firmware.fields["url"].help_text) == (
        "Adresse der Datei",
        "http, https, ftp, ftps oder sftp.",
    )


@pytest.mark.parametrize("kind", BY_HAND)
def test_form_requires_and_offers_what_its_order_does(kind, charge_point):
    form = SENDABLE[kind].form(kind=kind, charge_point=charge_point)
    for name, one in asked_of(kind).items():
        field = form.fields[name]
        if not isinstance(field, BooleanField):
            is_required = one.is_required or ("enum" in one.schema and one.has_usual)
            assert field.required == OTHERWISE.get((kind, name), is_required), name
        if one.choices is not None:
            values = one.schema.get("enum") or one.schema["items"]["enum"]
            assert [value for value, _ in field.choices if value] == values
        elif not one.asked.offers and one.asked.unit is None:
            assert bounds_of(field).items() <= one.schema.items()


@pytest.mark.parametrize("kind", BY_HAND)
def test_form_asks_for_everything_that_its_order_needs_of_a_person(kind):
    needed = {one.stored for one in arguments_of(ORDERS[kind]) if one.is_required and one.is_documented}
    assert needed <= asked_of(kind).keys()


@pytest.mark.parametrize("kind", BY_HAND)
def test_what_a_form_offers_is_taken_by_its_order(kind):
    for one in asked_of(kind).values():
        for value, _ in one.asked.offers:
            jsonschema_rs.validate(one.schema, value)


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
        (CommandKind.GET_LOG, {"url": "https://192.168.1.1/"}, "url"),
        (CommandKind.PUBLISH_FIRMWARE, {"url": "https://example.com/", "checksum": "z" * 32}, "checksum"),
        (CommandKind.SET_NETWORK, {"slot": "1", "server_url": "https://example.com"}, "server_url"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_queued(kind, typed, field, manager, charge_point):
    page = page_of(charge_point, kind)
    shown = manager.get(page)
    response = manager.post(page, form_data(shown) | chosen(shown.context["form"]) | typed)
    assert field in response.context["form"].errors
    assert not ChargerCommand.objects.filter(kind=kind).exists()
