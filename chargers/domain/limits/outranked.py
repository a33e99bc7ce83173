"""A charger that accepts our limits and still grants more: somebody else's limit outranks ours (field case 13)."""

import logging
from datetime import datetime

from chargers.domain.limits import fallback_profiles, read_back
from chargers.domain.makes import leases, makes
from chargers.models import ChargerCommand, Connector

logger = logging.getLogger(__name__)


def is_outranked(connector: Connector) -> bool:
    """It counts at its nameplate until a schedule read back says otherwise; taking a limit proves nothing."""
    return connector.uncontrollable_since is not None and connector.refusals == 0


def note_outranked(
    connector: Connector, offered_ma: int, *, is_by_our_clock: bool = True, now: datetime
) -> None:
    """It grants more than all of ours: count it at nameplate from now on and clear what others wrote. The caller stores it.

    By another clock than ours it may be our own limit that is over or still to come. So others' profiles stay until it grants more
    while the clocks agree (ADR 138).
    """
    is_new = connector.uncontrollable_since is None
    if not (is_new or (is_by_our_clock and is_outranked(connector) and connector.clocks_apart)):
        return
    if is_new:
        connector.uncontrollable_since, connector.refusals = now, 0
    connector.clocks_apart = not is_by_our_clock
    if is_by_our_clock:
        logger.error("Connector %s offers %s mA: a profile of others outranks ours", connector.pk, offered_ma)
        fallback_profiles.clear_others(connector, by=read_back.COMMISSIONING, now=now)
    else:
        logger.warning("Connector %s offers %s mA by another clock than ours", connector.pk, offered_ma)


def note_obedience(connector: Connector) -> None:
    """It grants no more than ours. One that refuses limits stays as it is. The caller stores it."""
    if is_outranked(connector):
        connector.uncontrollable_since, connector.clocks_apart = None, False


def ask_idle(connector: Connector, *, now: datetime) -> None:
    """Ask it once for the limit of a new transaction, unless its make is known not to show that."""
    is_asked = connector.default_read_at is not None or connector.in_transaction
    if not is_asked and makes.known_make(connector.charge_point).shows_idle_fallback is not False:
        read_back.ask_offer(connector, now=now)


def idle_read(connector: Connector, command: ChargerCommand, *, now: datetime) -> None:
    """Judge what an idle connector would grant a new transaction. The caller stores what is in doubt.

    Many makes leave the fallback out while nothing runs. One that shows more even after all others' profiles were
    cleared is held for such a make, unless it showed ours before; its transactions are read back in any case.
    """
    make, shown_ma, fallback_ma = (
        connector.charge_point.make,
        read_back.highest_offer_ma(command),
        connector.fallback_ma,
    )
    connector.default_shown_ma, connector.default_read_at = shown_ma, now
    connector.save(update_fields=["default_shown_ma", "default_read_at"])
    if shown_ma is None or fallback_ma is None or make is None:
        return
    if shown_ma <= fallback_ma + leases.TOLERANCE_MA:
        if connector.max_current_ma > fallback_ma + leases.TOLERANCE_MA:
            makes.learn_facts(connector.charge_point, shows_idle_fallback=True)
        note_obedience(connector)
    elif make.shows_idle_fallback is False:
        note_obedience(connector)
    elif not read_back.is_by_our_clock(command):
        note_outranked(connector, shown_ma, is_by_our_clock=False, now=now)
    elif is_outranked(connector) and not connector.clocks_apart:
        if make.shows_idle_fallback is None:
            makes.learn_facts(connector.charge_point, shows_idle_fallback=False)
            note_obedience(connector)
    elif connector.uncontrollable_since is None or connector.clocks_apart:
        note_outranked(connector, shown_ma, is_by_our_clock=True, now=now)
        # A charger with room for one profile alone may have given up the fallback for the maximum.
        fallback_profiles.queue_fallback_profile(connector.charge_point, by=read_back.COMMISSIONING, now=now)
        read_back.ask_offer(connector, now=now)
