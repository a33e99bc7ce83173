"""Whether a limit outlives what is written for another connector of the same charge point (promise E21).

Ids, stack levels and purposes of our profiles are apart, and yet a charge point may hold one profile for all. Until its make has
shown that it doesn't, those that were not written are read back, and a limit that is gone counts as unknown and is sent again.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Q

from chargers.domain.limits import read_back
from chargers.domain.makes import leases, makes
from chargers.enums import CommandKind
from chargers.exposure import ALWAYS_S, Exposure
from chargers.models import ChargerCommand, Connector
from chargers.models.command import OPEN_STATES

logger = logging.getLogger(__name__)

# Of a make that holds one for all connectors: the last one written has it, and each write wears the memory.
READ_KNOWN_AFTER = timedelta(minutes=2)


def ask_siblings(written: Sequence[Connector], *, now: datetime) -> None:
    """Have the other connectors of these charge points lay out what they grant, if that is not known to be safe."""
    untried = {
        one.charge_point_id: one
        for one in written
        if not makes.known_make(one.charge_point).keeps_limits_apart
    }
    if not untried:
        return
    running = Connector.objects.filter(
        charge_point_id__in=list(untried),
        in_transaction=True,
        confirmed_ma__isnull=False,
        uncontrollable_since=None,
    ).exclude(pk__in=[one.pk for one in written])
    for connector in running.select_related("charge_point__make"):
        if not _was_read(connector, now=now):
            read_back.ask_offer(connector, now=now)


def judge_offer(
    connector: Connector, exposure: Exposure, offered_ma: int, *, is_by_our_clock: bool = True, now: datetime
) -> Exposure:
    """The exposure after the charger reported its offer to the running car. The caller stores it.

    By another clock than ours a lease is over early or begins late: that says nothing of what was written for others.
    """
    confirmed, now_s = exposure.confirmed, now.timestamp()
    if confirmed is None or exposure.in_doubt or now_s >= confirmed.end_s - exposure.timing.clock_error_s:
        return exposure
    by_fallback = any(_is_near(offered_ma, limit_ma) for limit_ma in (0, exposure.fallback_ma or 0))
    if _is_near(offered_ma, confirmed.limit_ma):
        if not by_fallback and _others_were_written(connector):
            makes.learn_facts(connector.charge_point, keeps_limits_apart=True)
        return exposure
    if offered_ma < confirmed.limit_ma and not by_fallback:
        return exposure  # something else holds it down: a limit of others, the cable
    logger.error(
        "Connector %s offers %s mA where it took %s mA: the limit is gone",
        connector.pk,
        offered_ma,
        confirmed.limit_ma,
    )
    if _others_were_written(connector) and (is_by_our_clock or not by_fallback):
        makes.learn_facts(connector.charge_point, keeps_limits_apart=False)
    connector.confirmed_at = None
    return replace(exposure, confirmed=None, in_doubt=(confirmed,), fallback_from_s=ALWAYS_S)


def _was_read(connector: Connector, *, now: datetime) -> bool:
    is_known = makes.known_make(connector.charge_point).keeps_limits_apart is False
    asked = ChargerCommand.objects.filter(connector=connector, kind=CommandKind.READ_LIMIT)
    since = now - READ_KNOWN_AFTER if is_known else now
    return asked.filter(Q(state__in=OPEN_STATES) | Q(queued_at__gt=since)).exists()


def _others_were_written(connector: Connector) -> bool:
    """Whether another connector took a limit of its own after this one did."""
    if connector.confirmed_at is None:
        return False
    others = Connector.objects.filter(charge_point_id=connector.charge_point_id).exclude(pk=connector.pk)
    return others.filter(confirmed_at__gt=connector.confirmed_at, in_transaction=True).exists()


def _is_near(offered_ma: int, limit_ma: int) -> bool:
    return abs(offered_ma - limit_ma) <= leases.TOLERANCE_MA
