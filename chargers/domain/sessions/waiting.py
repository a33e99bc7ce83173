"""Transactions of OCPP 2 that began before any of their events named an EVSE: card, time and register wait with their id.

A driver may show the card first and choose the socket then (OCPP 2.0.1, E03): the events until then name none.
"""

from datetime import datetime, timedelta

from django.db import transaction

from chargers.domain.metering import orphans, samples, signed_values
from chargers.domain.metering.sequences import Heard, Marks, mark_of
from chargers.domain.metering.signed_values import Kept
from chargers.enums import TransactionPhase
from chargers.models import Session, WaitingStart
from chargers.reports.base import Source
from chargers.reports.charging import TransactionReport

GIVEN_UP_AFTER = timedelta(days=1)


def remember_event(report: TransactionReport, *, now: datetime) -> None:
    """Keep what the event says of its transaction's start, once however often it comes."""
    row = find_start(report) or WaitingStart(
        community_id=report.source.community_id,
        charge_point_id=report.source.charge_point_id,
        uid=report.uid,
        received_at=now,
        charger_at=report.charger_at,
        payload=report.payload,
    )
    is_start = report.phase == TransactionPhase.STARTED
    if is_start:
        row.charger_at, row.payload = report.charger_at, report.payload
    if report.id_tag is not None and (row.id_tag is None or is_start):
        row.id_tag = report.id_tag
    if row.meter_wh is None or is_start:
        told_wh = samples.register_wh(report.samples, samples.BEGIN)
        row.meter_wh = row.meter_wh if told_wh is None else told_wh
    if report.reservation_number is not None:
        row.reservation_number = report.reservation_number
    row.signed = [*row.signed, *map(signed_values.as_words, report.signed)][: signed_values.MOST_AT_ENDS]
    row.events_heard = str(Heard.parse(row.events_heard).adding(report.sequence))
    mark = mark_of(report.phase, report.charger_at)
    row.event_marks = str(Marks.parse(row.event_marks).adding(report.sequence, mark))
    row.save()


def find_start(report: TransactionReport) -> WaitingStart | None:
    rows = WaitingStart.objects.select_for_update(no_key=True)
    return rows.filter(charge_point_id=report.source.charge_point_id, uid=report.uid).first()


def signed_of(row: WaitingStart, session: Session) -> list[Kept]:
    """Values signed before an EVSE was named, for the session that they turned out to belong to."""
    return [
        Kept(session.pk, session.community_id, row.received_at, signed_values.from_words(words))
        for words in row.signed
    ]


@transaction.atomic
def give_up_starts(*, now: datetime) -> int:
    """Show a manager the starts that no event gave a place within a day. Returns how many."""
    lost = list(
        WaitingStart.objects.filter(received_at__lt=now - GIVEN_UP_AFTER)
        .select_for_update(of=("self",), no_key=True)
        .select_related("charge_point")
    )
    for row in lost:
        station = row.charge_point
        source = Source(
            station.pk, station.cluster_id, station.community_id, station.connection_id or station.pk
        )
        why = "it began, and its connector was never told"
        orphans.keep_orphan(source, action="TransactionEvent", why=why, payload=row.payload, now=now)
    WaitingStart.objects.filter(pk__in=[row.pk for row in lost]).delete()
    return len(lost)
