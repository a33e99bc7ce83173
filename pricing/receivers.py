from collections.abc import Sequence

from django.utils import timezone

from chargers.domain.sessions.final_costs import register_cost
from chargers.events import SessionCorrected, TransactionEnded, TransactionStarted
from chargers.models import Session
from evbalancer.common.events import receives, receives_together
from pricing.domain.billing import bill_sessions, cost_so_far_minor
from pricing.domain.choice import keep_choices
from pricing.domain.corrections import adjust_bill_line
from pricing.domain.reports.profiles import forget_profile


@receives_together(TransactionStarted)
def keep_prices_of_started_transactions(events: Sequence[TransactionStarted]) -> None:
    sessions = Session.objects.filter(pk__in=[event.session_id for event in events])
    keep_choices(
        sessions.select_related("community", "driver", "connector__charge_point"), now=timezone.now()
    )


@receives_together(TransactionEnded)
def bill_ended_transactions(events: Sequence[TransactionEnded]) -> None:
    sessions = Session.objects.filter(pk__in=[event.session_id for event in events])
    bill_sessions(sessions.select_related("community"), now=timezone.now())


@receives(SessionCorrected)
def adjust_bill(event: SessionCorrected) -> None:
    session = Session.objects.select_related("community").get(pk=event.session_id)
    adjust_bill_line(session, now=timezone.now())
    forget_profile(session)


register_cost(lambda session, now: cost_so_far_minor(session, now=now))
