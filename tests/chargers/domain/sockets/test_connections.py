from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from chargers.domain.orders import commands, delivery
from chargers.domain.sockets import connections, keys
from chargers.enums import CommandKind, CommandState, OcppVersion, Registration, SecurityProfile
from chargers.models import ChargePoint, ChargerCommand, SecurityRule
from chargers.orders.trust import ClearCache
from chargers.reports.sockets import BootReport, Handshake, Hangup, Lease
from grid.domain.audit import SYSTEM


@pytest.fixture
def charge_point(connector):
    return connector.charge_point


@pytest.fixture
def key(charge_point, now):
    return keys.issue_key(charge_point, actor=SYSTEM, now=now)


@pytest.fixture
def knock(charge_point, now):
    def knock(password, *, identity=charge_point.identity, at=now, offered=(OcppVersion.V16,), **more):
        handshake = Handshake(
            identity=identity,
            password=password,
            offered=offered,
            connection_id=uuid4(),
            received_at=at,
            **more,
        )
        [admission] = connections.admit_sockets([handshake], now=at)
        return admission

    return knock


def boot(source, now, *, firmware="1.0"):
    report = BootReport(source=source, received_at=now, vendor="V", model="M", firmware_version=firmware)
    with transaction.atomic():
        return connections.take_boot(report, now=now)


def test_right_key_opens_the_socket(knock, key, charge_point, connector, now):
    admission = knock(key.encode())
    charge_point.refresh_from_db()
    connector.refresh_from_db()
    assert charge_point.connection_id == admission.source.connection_id
    assert (charge_point.connected_at, charge_point.online_until) == (now, now + connections.LEASE)
    assert (charge_point.ocpp_version, connector.last_contact_at) == (OcppVersion.V16, now)


@pytest.mark.promise("S1")
@pytest.mark.parametrize("password", [None, b"", b"wrong", b"0" * 64])
def test_wrong_or_missing_key_changes_nothing(knock, key, charge_point, password):
    before = ChargePoint.objects.values().get()
    assert knock(password) is None
    assert ChargePoint.objects.values().get() == before


@pytest.mark.promise("S1")
def test_unknown_or_retired_charge_point_is_refused_alike(knock, key, charge_point, now):
    assert knock(key.encode(), identity="NOBODY") is None
    ChargePoint.objects.update(retired_at=now)
    assert knock(key.encode()) is None


@pytest.mark.promise("S1")
def test_profile_0_opens_only_what_is_set_to_it_and_only_from_networks_that_are_listed(knock, settings):
    settings.OCPP_OPEN_NETWORKS = ["192.0.2.0/24"]
    assert knock(None, address="192.0.2.7") is None
    ChargePoint.objects.update(security_profile=SecurityProfile.NONE)
    assert knock(None, address="198.51.100.7") is None
    assert knock(None, address="") is None
    assert knock(b"something", address="192.0.2.7") is None
    assert knock(None, address="192.0.2.7") is not None
    assert ChargePoint.objects.get().connected_profile == SecurityProfile.NONE


@pytest.mark.promise("S1")
@pytest.mark.parametrize(
    ("required", "is_secure", "gets_in"),
    [(None, False, True), (1, False, True), (2, False, False), (2, True, True), (3, True, False)],
)
def test_key_opens_what_its_security_profile_allows(knock, key, required, is_secure, gets_in):
    ChargePoint.objects.update(security_profile=required)
    assert (knock(key.encode(), is_secure=is_secure) is not None) == gets_in


def test_community_says_what_a_charge_point_of_its_own_mind_does_not(knock, key, charge_point):
    SecurityRule.objects.create(community=charge_point.community, security_profile=SecurityProfile.TLS)
    assert knock(key.encode()) is None
    ChargePoint.objects.update(security_profile=SecurityProfile.PASSWORD)
    assert knock(key.encode()) is not None


@pytest.mark.promise("S3")
def test_first_login_with_the_rotated_key_ends_the_old_one(knock, key, charge_point, now):
    new = keys.rotate_key(charge_point, actor=SYSTEM, now=now)
    assert knock(key.encode()) is not None
    assert knock(new.encode()) is not None
    assert knock(key.encode()) is None
    assert knock(new.encode()) is not None


@pytest.mark.promise("O8")
def test_newest_socket_wins_and_the_old_ones_end_does_not_mark_it_offline(knock, key, charge_point, now):
    old, new = knock(key.encode()), knock(key.encode())
    assert new.replaces == old.source.connection_id
    connections.hang_up([Hangup(source=old.source, received_at=now)], now=now)
    charge_point.refresh_from_db()
    assert charge_point.connection_id == new.source.connection_id


@pytest.mark.promise("O8")
def test_what_the_old_socket_had_sent_is_unknown_once_it_is_replaced(knock, key, charge_point, now):
    old = knock(key.encode())
    command = commands.queue_command(charge_point, ClearCache(), by="test", now=now)
    delivery.claim_all({old.source.connection_id: charge_point.pk}, now=now)
    knock(key.encode())
    command.refresh_from_db()
    assert command.state == CommandState.UNKNOWN


def test_hang_up_ends_presence_at_once(knock, key, charge_point, now):
    admission = knock(key.encode())
    connections.hang_up([Hangup(source=admission.source, received_at=now)], now=now)
    charge_point.refresh_from_db()
    assert (charge_point.connection_id, charge_point.online_until, charge_point.disconnected_at) == (
        None,
        None,
        now,
    )


@pytest.mark.promise("R3")
def test_lease_that_nobody_renews_ends(knock, key, charge_point, now):
    knock(key.encode())
    assert connections.end_lapsed_leases(now=now + timedelta(seconds=59)) == 0
    assert connections.end_lapsed_leases(now=now + timedelta(seconds=61)) == 1
    charge_point.refresh_from_db()
    assert charge_point.connection_id is None


@pytest.mark.promise("R3")
def test_renewed_lease_goes_on_and_says_when_it_was_heard(knock, key, charge_point, connector, now):
    admission = knock(key.encode())
    heard, later = now + timedelta(seconds=40), now + timedelta(seconds=50)
    assert connections.renew_leases([Lease(admission.source, heard)], now=later) == []
    charge_point.refresh_from_db()
    connector.refresh_from_db()
    assert (charge_point.online_until, charge_point.last_seen_at) == (later + connections.LEASE, heard)
    assert connector.last_contact_at == heard


@pytest.mark.promise("O8")
def test_lease_of_a_replaced_socket_is_handed_back(knock, key, now):
    old, new = knock(key.encode()), knock(key.encode())
    leases = [Lease(admission.source, now) for admission in (old, new)]
    assert connections.renew_leases(leases, now=now) == leases[:1]


def test_accepted_boot_is_made_safe_then_configured(knock, key, charge_point, now):
    admission = knock(key.encode())
    outcome = boot(admission.source, now)
    assert (outcome.registration, outcome.interval_s) == (Registration.ACCEPTED, 20)
    kinds = list(ChargerCommand.objects.order_by("queued_at").values_list("kind", flat=True))
    assert kinds.count(CommandKind.SET_FALLBACK) == 1
    assert kinds.count(CommandKind.CHANGE_CONFIGURATION) == 7
    charge_point.refresh_from_db()
    assert charge_point.booted_at == now


def test_boot_of_a_configured_charge_point_configures_nothing_again(knock, key, now):
    source = knock(key.encode()).source
    boot(source, now)
    ChargerCommand.objects.update(state=CommandState.ACCEPTED)
    boot(source, now)
    assert ChargerCommand.objects.filter(kind=CommandKind.CHANGE_CONFIGURATION).count() == 7
    boot(source, now, firmware="2.0")
    assert ChargerCommand.objects.filter(kind=CommandKind.CHANGE_CONFIGURATION).count() == 14


@pytest.mark.promise("O16")
@pytest.mark.parametrize("registration", [Registration.PENDING, Registration.REJECTED])
def test_boot_that_is_not_accepted_queues_nothing(knock, key, charge_point, registration, now):
    ChargePoint.objects.update(registration=registration)
    outcome = boot(knock(key.encode()).source, now)
    charge_point.refresh_from_db()
    assert (outcome.registration, outcome.interval_s) == (registration, 60)
    assert (charge_point.vendor, charge_point.booted_at) == ("V", None)
    assert ChargerCommand.objects.count() == 0


@pytest.mark.parametrize("version", OcppVersion)
def test_silent_charge_point_is_asked_for_its_boot_and_then_configured(version, connector, now):
    ChargePoint.objects.update(
        connection_id=uuid4(),
        connected_at=now,
        online_until=now + timedelta(hours=1),
        ocpp_version=version,
        booted_at=None,
    )
    assert connections.greet_the_silent(now=now + timedelta(seconds=14)) == 0
    connections.greet_the_silent(now=now + timedelta(seconds=15))
    asked = ChargerCommand.objects.get()
    assert (asked.kind, asked.arguments) == (
        CommandKind.TRIGGER,
        {"message": "BootNotification", "extended": False},
    )
    connections.greet_the_silent(now=now + timedelta(seconds=29))
    assert ChargerCommand.objects.count() == 1
    for after_s in (30, 45, 60):
        connections.greet_the_silent(now=now + timedelta(seconds=after_s))
    wanted = {CommandKind.SET_FALLBACK, CommandKind.CHANGE_CONFIGURATION, CommandKind.READ_CONFIGURATION}
    assert wanted <= set(ChargerCommand.objects.values_list("kind", flat=True))
    assert ChargerCommand.objects.filter(kind=CommandKind.SET_FALLBACK).count() == 1
    # Nothing is known of its make, so nothing of it is taken for that of others who are silent too.
    assert ChargePoint.objects.get().make is None


@pytest.mark.parametrize(
    "change", [{"booted_at": "now"}, {"connection_id": None}, {"registration": "pending"}]
)
def test_who_booted_or_is_gone_or_not_accepted_is_left_alone(change, connector, now):
    there = {"connection_id": uuid4(), "connected_at": now, "online_until": now + timedelta(hours=1)}
    ChargePoint.objects.update(
        **there | {name: now if value == "now" else value for name, value in change.items()}
    )
    assert connections.greet_the_silent(now=now + timedelta(minutes=1)) == 0
    assert not ChargerCommand.objects.exists()
