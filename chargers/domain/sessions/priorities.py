"""Priority that somebody asks for at a charge point (OCPP 2.1, K21 and K22): stopped there, and passed on as a wish."""

from datetime import datetime
from typing import Final

from chargers.domain.orders import commands
from chargers.enums import SessionState
from chargers.events import PriorityAsked
from chargers.models import Session
from chargers.orders.upkeep import Call
from chargers.reports.news import PriorityReport
from evbalancer.common.events import publish

BY: Final = "priority"
STOP: Final = "UsePriorityCharging"


def take_priority(report: PriorityReport, *, now: datetime) -> None:
    """A profile of the charge point's own outranks the limits that are counted on, so it ends at once. Who needs power first gets it by a limit."""
    if not report.is_active:
        return
    sessions = Session.objects.filter(
        connector__charge_point_id=report.source.charge_point_id,
        transaction_uid=report.transaction_uid,
        state=SessionState.ACTIVE,
    )
    session = sessions.select_related("connector__charge_point").first()
    if session is None:
        return
    stop = Call(action=STOP, payload={"transactionId": report.transaction_uid, "activate": False})
    commands.queue_command(
        session.connector.charge_point, stop, by=BY, now=now, connector=session.connector, session=session
    )
    publish(PriorityAsked(session_id=session.pk, at=now))
