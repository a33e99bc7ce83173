"""Transactions that no charger speaks of any more."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q

from chargers.domain import presence
from chargers.domain.metering import draws
from chargers.domain.sessions import endings, plug_ins, sessions, waiting
from chargers.enums import ConnectorStatus, SessionState
from chargers.models import Session
from evbalancer.common.db.locks import for_each_free_cluster

AVAILABLE_GRACE = timedelta(minutes=5)
SILENT_GRACE = timedelta(hours=12)
# A stop that a reboot left in the charger's queue comes within seconds.
REBOOTED_GRACE = timedelta(seconds=30)
# A station of OCPP 2 that says no more than that its EVSE is occupied tells by an event whether the transaction goes on.
RESUMED_WITHIN = timedelta(minutes=10)


def end_zombies(*, now: datetime) -> int:
    """Close transactions that no charger speaks of any more, with a reason and the last meter; returns how many."""
    running = Session.objects.filter(state=SessionState.ACTIVE).select_related("connector__charge_point")
    is_free = Q(connector__status=ConnectorStatus.AVAILABLE, connector__status_at__lt=now - AVAILABLE_GRACE)
    left = (
        is_free
        & Q(state_since__lt=now - AVAILABLE_GRACE)
        & (Q(metered_at=None) | Q(metered_at__lt=F("connector__status_at")))
    )
    is_online = presence.match_online("connector__charge_point__", now=now)
    silent = (
        is_online
        & Q(started_at__lt=now - SILENT_GRACE)
        & (Q(metered_at=None) | Q(metered_at__lt=now - SILENT_GRACE))
    )
    is_idle = Q(connector__status__in=sessions.NOTHING_RUNS, seems_over_at__lt=now - REBOOTED_GRACE)
    rebooted = (is_idle | Q(seems_over_at__lt=now - RESUMED_WITHIN)) & (
        Q(drawn_at=None)
        | Q(drawn_at__lt=F("seems_over_at"))
        | Q(power_w=None)
        | Q(power_w__lt=draws.DRAWING_W)
    )
    zombies = running.filter(left | silent | rebooted)

    def end_those_of(cluster_id: UUID) -> int:
        mine = zombies.filter(connector__charge_point__cluster=cluster_id).order_by("pk")
        gone = list(mine.select_for_update(of=("self",), no_key=True))
        for session in gone:
            is_free = session.connector.status == ConnectorStatus.AVAILABLE
            reason = "Unplugged, no stop was sent" if is_free else "No sign of life"
            if session.seems_over_at is not None:
                reason = "Charger restarted, no stop was sent"
            endings.abandon_transaction(session, reason=reason, now=now)
            is_told = session.seems_over_at is not None and session.connector.status in sessions.NOTHING_RUNS
            endings.end_transaction(session, now=now, is_told=is_free or is_told)
        return len(gone)

    waiting.give_up_starts(now=now)
    clusters = zombies.order_by().values_list("connector__charge_point__cluster_id", flat=True).distinct()
    ended = for_each_free_cluster(clusters, end_those_of)
    _close_after_restarts(now=now)
    return ended


def _close_after_restarts(*, now: datetime) -> None:
    """End sessions that `unplug` left open while a charger restarted, and whose connector has been free since."""
    left = Session.objects.filter(
        state__in=[SessionState.PLUGGED_IN, SessionState.FINISHED],
        connector__status=ConnectorStatus.AVAILABLE,
        connector__status_at__lte=now - plug_ins.RESTART_SETTLES_AFTER,
    ).select_related("connector__charge_point")

    def close_those_of(cluster_id: UUID) -> int:
        mine = left.filter(connector__charge_point__cluster=cluster_id).order_by("pk")
        gone = list(mine.select_for_update(of=("self",), no_key=True))
        for session in gone:
            endings.close_session(session, session.connector, now=now, left_at=session.connector.status_at)
        return len(gone)

    clusters = left.order_by().values_list("connector__charge_point__cluster_id", flat=True).distinct()
    for_each_free_cluster(clusters, close_those_of)
