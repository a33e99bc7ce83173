"""What several judges have to know of the world: which row is about which transaction, and what explains what they see."""

import time
from collections.abc import Iterable

from chargers.models import Session
from chargers.simulator.plant.connector import Transaction
from chargers.simulator.station import Station
from evbalancer.life.world import World

# What a meter rounds at a start and at an end.
ROUNDING_WH = 2
# A transaction is stored and billed this long after its end, if its charge point has been there all the time.
STORED_WITHIN_S = 180.0
# A charge point whose last word of a transaction is unusable is believed up to the word before.
UNUSABLE_ENDS = {"highest_stop"}
# Others say what flowed when all of it has.
METERED_AT_ENDS = {"metered_at_ends"}
VOLTS_X_PHASES = 3 * 230


def sessions_by_key(rows: Iterable[Session] | None = None) -> dict[str | int | None, Session]:
    return {
        row.transaction_uid or row.transaction_id: row
        for row in (Session.objects.all() if rows is None else rows)
    }


def row_of(transaction: Transaction, rows: dict[str | int | None, Session]) -> Session | None:
    return rows.get(transaction.ref) or rows.get(transaction.server_id)


def tolerance_wh(world: World, identity: str) -> int:
    if not UNUSABLE_ENDS.intersection(world.place.habits.get(identity, ())):
        return ROUNDING_WH
    station = world.site.charge_points[identity]
    most_w = station.spec.nameplate_ma * VOLTS_X_PHASES / 1_000
    return round(most_w * station.settings.sample_s / 3_600) + ROUNDING_WH


def is_forgotten(world: World, identity: str, transaction: Transaction) -> bool:
    """Its charge point crashed, and never says that it ended."""
    runs = world.site.charge_points[identity].connectors[transaction.connector_id].transaction is transaction
    return transaction.ref not in world.site.ended_wh and not runs


def is_told(world: World, station: Station, transactions: Iterable[Transaction]) -> bool:
    """Whether all that there is to say of them was said for a while."""
    ends = [world.site.ended_at.get(each.ref, 0.0) for each in transactions]
    calm_s = time.monotonic() - world.calm_since_s
    is_quiet = station.online and not station.talker.outbox
    return is_quiet and min(calm_s, time.time() - max(ends, default=0.0)) >= STORED_WITHIN_S


def is_unheard(station: Station) -> bool:
    """It refuses limits, or does not say that it took them: whatever it does, it counts at its nameplate."""
    return bool(station.faults.profile_answer or station.faults.mute_actions)


def is_wild(station: Station) -> bool:
    """It gives power to a car that follows no signal, or whatever the profiles say, or after the transaction."""
    if max(station.draw_ma()) == 0:
        return False
    return station.faults.ignores_profiles or any(
        (not connector.car.obeys and max(connector.terminal_ma) > connector.offered_ma)
        or (connector.welded and connector.transaction is None)
        for connector in station.connectors.values()
        if connector.car is not None
    )
