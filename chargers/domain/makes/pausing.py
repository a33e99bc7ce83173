"""Whether 0 A pauses a car or ends its transaction, learnt of each make with real transactions (field case 17)."""

from datetime import datetime, timedelta

from django.db.models import F

from chargers.models import Connector, Make
from evbalancer.common.clocks.clock_watch import clock_off_s

ENDED_BY_IT = timedelta(seconds=60)
OUTLIVED_IT = timedelta(seconds=120)
# One may be chance; every transaction that goes on at 0 A sets the count back.
ENDINGS_THAT_PROVE = 2
# The reasons of a charger that stopped on its own; a missing reason means Local.
BY_ITSELF = ("Local", "Other")


def limit_accepted(connector: Connector, *, now: datetime) -> None:
    """Called before the limit is stored: a transaction that still takes one has outlived the pause before."""
    make = connector.charge_point.make
    if make is None or _paused_for(connector, now=now) < OUTLIVED_IT:
        return
    if make.keeps_transaction_at_zero is None or make.ended_at_zero:
        mine = Make.objects.filter(pk=make.pk).exclude(keeps_transaction_at_zero=False)
        mine.update(keeps_transaction_at_zero=True, ended_at_zero=0)


def learn_from_end(connector: Connector, *, stop_reason: str, now: datetime) -> None:
    """Called before the connector forgets what it held."""
    make, paused_for = connector.charge_point.make, _paused_for(connector, now=now)
    is_by_itself = stop_reason in BY_ITSELF and timedelta(0) < paused_for <= ENDED_BY_IT
    if make is not None and is_by_itself:
        mine = Make.objects.filter(pk=make.pk)
        mine.update(ended_at_zero=F("ended_at_zero") + 1)
        mine.filter(ended_at_zero__gte=ENDINGS_THAT_PROVE).update(keeps_transaction_at_zero=False)


def _paused_for(connector: Connector, *, now: datetime) -> timedelta:
    """How long a car that could charge before has been held at 0 A; nothing for all others, nor where our clock was set meanwhile."""
    was_charging = connector.raised_at is not None and connector.confirmed_ma == 0
    if not was_charging or connector.confirmed_at is None or clock_off_s():
        return timedelta(0)
    return now - connector.confirmed_at
