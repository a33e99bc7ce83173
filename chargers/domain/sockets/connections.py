"""Sockets of charge points: the right to open one, the one that counts, and how long we believe in it.

Presence is a lease: the process that holds an open socket renews it, and whoever is killed leaves a lease that ends.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from chargers.domain import presence
from chargers.domain.limits import limits
from chargers.domain.orders import commands, delivery
from chargers.domain.sessions import status
from chargers.domain.sockets import certificates, keys, pending, security
from chargers.domain.stations import onboarding
from chargers.enums import OcppVersion, Registration, SecurityProfile
from chargers.models import ChargePoint, Connector
from chargers.reports.base import Source
from chargers.reports.sockets import Admission, BootOutcome, BootReport, Handshake, Hangup, Lease, Stranger
from evbalancer.common import topics
from evbalancer.common.db.locks import (
    LONGEST_ROW_WAIT,
    bound_waits,
    for_each_free_cluster,
    lock_free_clusters,
)
from evbalancer.common.db.prepared import Several, prepared
from evbalancer.common.db.rows import update_rows

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
# A charge point without a boot for so long is asked for it, and configured when it stays silent for as long again.
BOOT_WAIT = timedelta(seconds=15)
SILENT_AT_ONCE = 50
PENDING_INTERVAL_S = 60
CHUNK = 500


@transaction.atomic
def admit_sockets(handshakes: Sequence[Handshake], *, now: datetime) -> list[Admission | Stranger | None]:
    """Judge credentials and open the sockets; None is a refusal, the same for unknown ids and wrong keys."""
    wanted = {handshake.identity for handshake in handshakes}
    found = ChargePoint.objects.filter(identity__in=wanted, retired_at=None)
    known = {charge_point.identity: charge_point for charge_point in found}
    shown = [certificates.read_certificate(handshake.certificate) for handshake in handshakes]
    rows = certificates.read_known(known.values(), shown)
    required = security.required_profiles(known.values())
    admissions = [
        _judge(handshake, known.get(handshake.identity), certificate, rows, required, now=now)
        for handshake, certificate in zip(handshakes, shown, strict=True)
    ]
    opened = {
        a.source.charge_point_id: known[h.identity] for h, a in zip(handshakes, admissions, strict=True) if a
    }
    if opened:
        _store_opened(list(opened.values()), now=now)
        waiting = delivery.waiting_for_orders(opened, now=now)
        admissions = [
            replace(admission, has_orders=True)
            if admission and admission.source.charge_point_id in waiting
            else admission
            for admission in admissions
        ]
    replacing = [each for each in admissions if isinstance(each, Admission) and each.replaces is not None]
    _lose_replaced(replacing, now=now)
    if replacing:
        # The older sockets may be open in other processes, which close them when they hear this.
        sources = [each.source for each in replacing]
        opened_now = [(str(source.charge_point_id), str(source.connection_id)) for source in sources]
        for at in range(0, len(opened_now), topics.MOST_NAMED):
            topics.tell(commands.CHARGERS_TOPIC, "opened", **dict(opened_now[at : at + topics.MOST_NAMED]))
    return [
        pending.admit_stranger(handshake, now=now)
        if admission is None and handshake.identity not in known
        else admission
        for handshake, admission in zip(handshakes, admissions, strict=True)
    ]


def take_boot(report: BootReport, *, now: datetime) -> BootOutcome:
    """Answer a boot. An accepted charge point is made safe before it is asked for anything else.

    1. Store its make, firmware and serial number.
    2. Stop here unless it is accepted: it asks again after the interval.
    3. Forget the plugs that it reported before the boot.
    4. Make it safe: send the limits of running cars again, and ask for its fallbacks and its maximum.
    5. Queue its configuration.
    """
    # 1.
    charge_point = ChargePoint.objects.select_for_update(of=("self",), no_key=True).get(
        pk=report.source.charge_point_id
    )
    was = charge_point.vendor, charge_point.model, charge_point.firmware_version
    is_new = charge_point.booted_at is None or was != (report.vendor, report.model, report.firmware_version)
    charge_point.vendor, charge_point.model = report.vendor, report.model
    charge_point.serial_number, charge_point.firmware_version = report.serial_number, report.firmware_version
    charge_point.last_seen_at = now
    # 2.
    if charge_point.registration != Registration.ACCEPTED:
        charge_point.save(
            update_fields=["vendor", "model", "serial_number", "firmware_version", "last_seen_at"]
        )
        return BootOutcome(Registration(charge_point.registration), PENDING_INTERVAL_S)
    charge_point.booted_at = now
    charge_point.save(
        update_fields=["vendor", "model", "serial_number", "firmware_version", "last_seen_at", "booted_at"]
    )
    # 3.
    status.forget_plugs(charge_point)
    # 4.
    limits.charge_point_booted(charge_point, is_new=is_new, now=now)
    # 5.
    onboarding.configure_charge_point(charge_point, is_new=is_new, now=now)
    return BootOutcome(Registration.ACCEPTED, settings.OCPP_HEARTBEAT_S)


def greet_the_silent(*, now: datetime) -> int:
    """Charge points that were accepted and never booted: asked for their boot, then made safe without it; returns how many."""
    silent = ChargePoint.objects.filter(
        presence.match_online(now=now),
        connection_id__isnull=False,
        registration=Registration.ACCEPTED,
        booted_at=None,
        retired_at=None,
        connected_at__lte=now - BOOT_WAIT,
    )

    def greet(cluster_id: UUID) -> int:
        mine = list(
            silent.filter(cluster_id=cluster_id)
            .select_for_update(of=("self",), no_key=True)
            .order_by("pk")[:SILENT_AT_ONCE]
        )
        for charge_point in mine:
            _greet(charge_point, now=now)
        return len(mine)

    return for_each_free_cluster(silent.order_by().values_list("cluster_id", flat=True).distinct(), greet)


def _greet(charge_point: ChargePoint, *, now: datetime) -> None:
    asked_at = onboarding.boot_asked_at(charge_point)
    if asked_at is None:
        onboarding.ask_boot(charge_point, now=now)
    elif asked_at <= now - BOOT_WAIT and not onboarding.is_configured(charge_point):
        limits.charge_point_booted(charge_point, now=now)
        onboarding.configure_charge_point(charge_point, is_new=True, now=now)


def hang_up(reports: Sequence[Hangup], *, now: datetime) -> None:
    """These sockets are gone. Only their own presence is cleared: a newer socket may hold the charge point by now."""
    _close([report.source for report in reports], now=now)


@transaction.atomic
def cut_off(charge_point_id: UUID, *, now: datetime) -> None:
    """Take the open socket's presence away, and have the process that holds it close it; then it loses what it sent."""
    charge_point = ChargePoint.objects.select_for_update(of=("self",), no_key=True).get(pk=charge_point_id)
    if charge_point.connection_id is None:
        return
    _clear_presence([_source(charge_point, charge_point.connection_id)], now=now)
    topics.tell(commands.CHARGERS_TOPIC, "cut_off", charge_point_id=str(charge_point_id))


@transaction.atomic
def renew_leases(leases: Sequence[Lease], *, now: datetime) -> list[Lease]:
    """Keep open sockets online for another while; returns those that another socket has replaced."""
    bound_waits(LONGEST_ROW_WAIT)
    held: set[tuple[UUID, UUID | None]] = set()
    for start in range(0, len(leases), CHUNK):
        ids = [lease.source.charge_point_id for lease in leases[start : start + CHUNK]]
        held.update(_open_sockets(charge_point_ids=ids))
    mine = [lease for lease in leases if (lease.source.charge_point_id, lease.source.connection_id) in held]
    until = now + LEASE
    update_rows(
        "chargers_chargepoint",
        key="id",
        columns={"online_until": "timestamptz", "last_seen_at": "timestamptz"},
        rows=sorted((lease.source.charge_point_id, until, lease.heard_at) for lease in mine),
    )
    _note_contact({lease.source.charge_point_id: lease.heard_at for lease in mine})
    return [lease for lease in leases if lease not in mine] if len(mine) < len(leases) else []


@prepared
def _open_sockets(charge_point_ids: Several) -> QuerySet[ChargePoint, tuple[UUID, UUID | None]]:
    rows = ChargePoint.objects.filter(pk__in=charge_point_ids, connection_id__isnull=False)
    return rows.order_by().values_list("pk", "connection_id")


def end_lapsed_leases(*, now: datetime) -> int:
    """Mark as gone whose process died without saying so; returns how many."""
    lapsed = ChargePoint.objects.filter(presence.match_lapsed(now=now), connection_id__isnull=False)

    def end(cluster_id: UUID) -> int:
        gone = lapsed.filter(cluster=cluster_id)[:CHUNK]
        sources = [_source(each, each.connection_id) for each in gone if each.connection_id]
        _close(sources, now=now, only_lapsed=True)
        return len(sources)

    return for_each_free_cluster(lapsed.order_by().values_list("cluster_id", flat=True).distinct(), end)


def _lose_replaced(admissions: Sequence[Admission], *, now: datetime) -> None:
    """Note that commands on replaced sockets have no known outcome, if their clusters are free: `lose_orphaned` notes the others."""
    cluster_of = {each.replaces: each.source.cluster_id for each in admissions if each.replaces is not None}
    unanswered = delivery.with_unanswered(cluster_of)
    if not unanswered:
        return
    clusters = [cluster_of[connection_id] for connection_id in unanswered]
    free = lock_free_clusters(clusters, patience=timedelta(0), longest=LONGEST_ROW_WAIT)
    for connection_id in sorted(unanswered):
        if cluster_of[connection_id] in free:
            delivery.lose_sent(connection_id, now=now)


def _judge(
    handshake: Handshake,
    charge_point: ChargePoint | None,
    shown: certificates.Shown | None,
    rows: certificates.Known,
    required: dict[UUID, SecurityProfile],
    *,
    now: datetime,
) -> Admission | None:
    key_hash = charge_point.key_hash if charge_point else ""
    next_key_hash = charge_point.next_key_hash if charge_point else ""
    is_current, is_next = keys.match_key(
        handshake.password or b"", key_hash=key_hash, next_key_hash=next_key_hash
    )
    if charge_point is None:
        return None
    row = rows.get((charge_point.pk, shown.fingerprint)) if shown else None
    certificate_fits = certificates.fits_charge_point(shown, charge_point, row=row, now=now)
    profile = security.shown_profile(
        handshake, key_fits=is_current or is_next, certificate_fits=certificate_fits
    )
    if profile is None or profile < required[charge_point.pk]:
        if profile is not None:
            logger.warning("Charge point %s showed security profile %d only", charge_point.pk, profile)
        return None
    version = _version_for(charge_point, handshake)
    if version is None:
        # Known, but we share no language: told so on a socket that counts for nothing.
        return Admission(
            _source(charge_point, handshake.connection_id),
            Registration(charge_point.registration),
            None,
            None,
        )
    if shown is not None and certificate_fits:
        certificates.remember_use(shown, charge_point, row=row, now=now)
    if is_next:
        charge_point.key_hash, charge_point.next_key_hash = charge_point.next_key_hash, ""
        charge_point.save(update_fields=["key_hash", "next_key_hash"])
    replaces, charge_point.connection_id = charge_point.connection_id, handshake.connection_id
    charge_point.ocpp_version = version
    charge_point.connected_profile = profile
    source = _source(charge_point, handshake.connection_id)
    return Admission(source, Registration(charge_point.registration), version, replaces)


def _version_for(charge_point: ChargePoint, handshake: Handshake) -> OcppVersion | None:
    """The pinned version and no other, else the first that both speak; None where there is none."""
    if not charge_point.pinned_ocpp_version:
        return handshake.preferred
    pinned = OcppVersion(charge_point.pinned_ocpp_version)
    if pinned in handshake.offered:
        return pinned
    logger.warning("Charge point %s does not offer %s, which is pinned", charge_point.pk, pinned.value)
    return None


def _source(charge_point: ChargePoint, connection_id: UUID) -> Source:
    return Source(charge_point.pk, charge_point.cluster_id, charge_point.community_id, connection_id)


def _store_opened(charge_points: Sequence[ChargePoint], *, now: datetime) -> None:
    update_rows(
        "chargers_chargepoint",
        key="id",
        columns={
            "connection_id": "uuid",
            "ocpp_version": "varchar",
            "connected_profile": "smallint",
            "connected_at": "timestamptz",
            "last_seen_at": "timestamptz",
            "online_until": "timestamptz",
        },
        rows=[
            (cp.pk, cp.connection_id, cp.ocpp_version, cp.connected_profile, now, now, now + LEASE)
            for cp in charge_points
        ],
    )
    _note_contact({charge_point.pk: now for charge_point in charge_points})


def _note_contact(heard_at: dict[UUID, datetime]) -> None:
    ids = list(heard_at)
    for start in range(0, len(ids), CHUNK):
        rows = _free_connectors(charge_point_ids=ids[start : start + CHUNK])
        update_rows(
            "chargers_connector",
            key="id",
            columns={"last_contact_at": "timestamptz", "state_known_at": "timestamptz"},
            rows=[
                (
                    connector_id,
                    heard_at[charge_point_id],
                    heard_at[charge_point_id]
                    if told_on is not None
                    and told_on == socket
                    and _follows(heard_at[charge_point_id], known_at)
                    else None,
                )
                for connector_id, charge_point_id, known_at, told_on, socket in rows
            ],
        )


@prepared
def _free_connectors(
    charge_point_ids: Several,
) -> QuerySet[Connector, tuple[UUID, UUID, datetime | None, UUID | None, UUID | None]]:
    # A connector that a rebalance is writing right now is left for the next renewal instead of waited for.
    free = Connector.objects.select_for_update(skip_locked=True, of=("self",), no_key=True).order_by("pk")
    return free.filter(charge_point_id__in=charge_point_ids).values_list(
        "pk", "charge_point_id", "state_known_at", "told_connection_id", "charge_point__connection_id"
    )


def _follows(heard_at: datetime, known_at: datetime | None) -> bool:
    """Whether a sign of life still confirms the state: after a silence the charger has to report the state again."""
    return known_at is not None and timedelta(0) < heard_at - known_at <= timedelta(
        seconds=settings.SILENCE_S
    )


def _close(sources: Sequence[Source], *, now: datetime, only_lapsed: bool = False) -> None:
    connection_ids = [source.connection_id for source in sources]
    for connection_id in delivery.with_unanswered(connection_ids):
        delivery.lose_sent(connection_id, now=now)
    _clear_presence(sources, now=now, only_lapsed=only_lapsed)


def _clear_presence(sources: Sequence[Source], *, now: datetime, only_lapsed: bool = False) -> None:
    mine = ChargePoint.objects.filter(connection_id__in=[source.connection_id for source in sources])
    if only_lapsed:
        mine = mine.filter(presence.match_lapsed(now=now))
    ids = list(mine.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    ChargePoint.objects.filter(pk__in=ids).update(connection_id=None, disconnected_at=now, online_until=None)
