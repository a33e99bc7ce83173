"""Strangers wait while a person decides (the wire: tests/chargers/ocpp/test_pending.py)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from chargers.domain.sockets import keys, pending
from chargers.domain.stations.stations import NewConnector
from chargers.enums import CommandKind, OcppVersion, Registration
from chargers.models import ChargePoint, ChargerCommand, PendingChargePoint
from chargers.reports.sockets import Handshake, StrangerBoot
from evbalancer.common.errors import InvalidInput, StateMoved
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.factories.grid import CircuitFactory, CommunityFactory

pytestmark = pytest.mark.django_db
LONG = b"0123456789abcdef0123"
SECOND = timedelta(seconds=1)


@pytest.fixture
def knock(settings, now):
    settings.OCPP_HOLD_UNKNOWN = True

    def knock(password=LONG, *, at=now, **changes):
        values = {"identity": "NEW-1", "offered": (OcppVersion.V16,), "address": "192.0.2.9"} | changes
        handshake = Handshake(received_at=at, password=password, connection_id=uuid4(), **values)
        return pending.admit_stranger(handshake, now=at)

    return knock


@pytest.fixture
def row(knock):
    knock()
    return PendingChargePoint.objects.get()


@pytest.fixture
def accept(now):
    def accept(row, *connectors, name=""):
        return pending.accept_pending(
            row, name=name, connectors=connectors or [NewConnector(CircuitFactory())], actor=SYSTEM, now=now
        )

    return accept


def boot_of(pending_id, at):
    said = {"vendor": "Hand", "model": "Typed", "serial_number": "S1", "firmware_version": "1.0"}
    return pending.take_stranger_boot(StrangerBoot(pending_id=pending_id, received_at=at, **said))


@pytest.mark.parametrize(
    ("password", "changes"),
    [
        pytest.param(b"", {}, id="an empty password"),
        pytest.param(LONG, {"offered": ()}, id="no common language"),
        pytest.param(LONG, {"identity": "A/1"}, id="no name of a charge point"),
    ],
)
def test_stranger_that_could_never_be_one_of_ours_is_not_held(knock, settings, password, changes):
    assert knock(password, **changes) is None
    settings.OCPP_HOLD_UNKNOWN = False
    assert knock() is None
    assert not PendingChargePoint.objects.exists()


def test_known_device_is_held_again_under_its_row_with_what_it_says_now(knock, row, now):
    held = knock(at=now + SECOND, address="192.0.2.10", offered=(OcppVersion.V21,))
    assert held.pending_id == row.pk
    row.refresh_from_db()
    assert (row.first_seen_at, row.last_seen_at) == (now, now + SECOND)
    assert (row.address, row.ocpp_version, row.has_long_key) == ("192.0.2.10", "ocpp2.1", True)


def test_device_is_known_by_its_password_and_without_one_by_its_address(knock):
    assert knock() is not None
    assert [knock(b"other"), knock(None)] == [None, None]
    assert knock(None, identity="NEW-2") is not None
    assert knock(None, identity="NEW-2", address="192.0.2.10") is None
    assert knock(LONG, identity="NEW-2") is None


def test_stranger_stands_before_the_community_that_the_setting_names(knock, settings, now):
    communities = [CommunityFactory(slug="ours"), CommunityFactory(slug="gone", retired_at=now)]
    for number, slug in enumerate(("ours", "gone", "nobody's")):
        settings.OCPP_HOLD_FOR = slug
        knock(identity=f"NEW-{number}")
    held = PendingChargePoint.objects.order_by("identity").values_list("community", flat=True)
    assert list(held) == [communities[0].pk, None, None]


def test_blocked_ones_count_for_no_bound(knock, row, monkeypatch, now):
    monkeypatch.setattr(pending, "MOST_PER_ADDRESS", 1)
    assert knock(identity="NEW-2") is None
    pending.block_pending(row, actor=SYSTEM, reason="Not ours", now=now)
    assert knock(identity="NEW-2") is not None
    monkeypatch.setattr(pending, "MOST", 1)
    assert knock(identity="NEW-3", address="192.0.2.10") is None
    assert knock(identity="NEW-2") is not None


def test_boot_is_answered_pending_then_rejected_once_it_is_blocked_and_over_once_it_is_decided(row, now):
    outcome = boot_of(row.pk, now + SECOND)
    assert (outcome.registration, outcome.interval_s, outcome.is_over) == (Registration.PENDING, 30, False)
    row.refresh_from_db()
    assert (row.vendor, row.model, row.serial_number, row.last_seen_at) == (
        "Hand",
        "Typed",
        "S1",
        now + SECOND,
    )
    pending.block_pending(row, actor=SYSTEM, reason="Not ours", now=now)
    blocked, decided = boot_of(row.pk, now), boot_of(uuid4(), now)
    assert (blocked.registration, blocked.is_over) == (Registration.REJECTED, True)
    # It was accepted or forgotten: it connects again, and is told then.
    assert (decided.registration, decided.is_over) == (Registration.PENDING, True)


def test_accepted_one_keeps_its_password_where_that_is_long(knock, row, accept):
    boot_of(row.pk, row.last_seen_at)
    accepted = accept(row, name="A-07")
    station = ChargePoint.objects.get()
    assert (accepted.charge_point, accepted.key) == (station, None)
    assert (station.identity, station.name, station.serial_number) == ("NEW-1", "A-07", "S1")
    assert keys.match_key(LONG, key_hash=station.key_hash) == (True, False)
    assert not ChargerCommand.objects.filter(kind=CommandKind.CHANGE_KEY).exists()
    assert not PendingChargePoint.objects.exists()
    assert AuditEntry.objects.get(action="charge_point.accepted").after["address"] == "192.0.2.9"


def test_accepted_one_with_a_short_password_is_told_a_long_one_when_it_comes(knock, accept, now):
    knock(b"1234")
    assert accept(PendingChargePoint.objects.get()).key is None
    told = ChargerCommand.objects.get(kind=CommandKind.CHANGE_KEY)
    assert told.expires_at - now == timedelta(days=7)


def test_accepted_one_without_a_password_gets_a_key_that_is_shown_once(knock, accept):
    knock(None)
    accepted = accept(PendingChargePoint.objects.get())
    assert accepted.charge_point.name == "NEW-1"
    key_hash = ChargePoint.objects.get().key_hash
    assert keys.match_key(accepted.key.encode(), key_hash=key_hash) == (True, False)


def test_one_that_does_not_fit_goes_on_waiting(row, accept):
    with pytest.raises(InvalidInput):
        accept(row, NewConnector(CircuitFactory(), phase_rotation="XYZ"))
    assert PendingChargePoint.objects.get() == row
    assert (ChargePoint.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_decision_is_made_once(row, accept, now):
    pending.block_pending(row, actor=SYSTEM, reason="Not ours", now=now)
    with pytest.raises(StateMoved):
        accept(row)
    with pytest.raises(StateMoved):
        pending.block_pending(row, actor=SYSTEM, reason="Again", now=now)
    assert AuditEntry.objects.get().reason == "Not ours"


def test_forgotten_one_may_come_again(row, knock, now):
    pending.block_pending(row, actor=SYSTEM, reason="Not ours", now=now)
    assert knock() is None
    pending.forget_pending(row, actor=SYSTEM, reason="It is ours", now=now)
    assert knock() is not None


def test_stranger_that_stays_away_for_a_week_is_forgotten_and_a_blocked_one_is_not(knock, now):
    for identity in ("AWAY", "BLOCKED"):
        knock(identity=identity)
    knock(identity="HERE", at=now + SECOND)
    PendingChargePoint.objects.filter(identity="BLOCKED").update(blocked_at=now)
    assert pending.forget_lapsed(now=now + timedelta(days=7)) == 0
    assert pending.forget_lapsed(now=now + timedelta(days=7) + SECOND) == 1
    assert set(PendingChargePoint.objects.values_list("identity", flat=True)) == {"BLOCKED", "HERE"}
