from django.utils import timezone

from chargers.domain.final_costs import register_cost
from chargers.events import SessionCorrected, TransactionEnded
from chargers.models import Session
from evbalancer.common.events import receives
from pricing.domain.billing import bill_session, cost_so_far_minor
from pricing.domain.corrections import adjust


@receives(TransactionEnded)
def bill_ended_transaction(event: TransactionEnded) -> None:
    session = Session.objects.select_related("community").get(pk=event.session_id)
    bill_session(session, now=timezone.now())


@receives(SessionCorrected)
def adjust_bill(event: SessionCorrected) -> None:
    session = Session.objects.select_related("community").get(pk=event.session_id)
    adjust(session, now=timezone.now())


register_cost(lambda session, now: cost_so_far_minor(session, now=now))
