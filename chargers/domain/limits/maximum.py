"""The most that a whole charge point may take. It keeps this limit on its own, so it still holds once a fallback is lost.

It is never below the sum of what the connectors may be granted, and it lowers no reservation.
"""

from collections.abc import Iterable
from datetime import datetime

from chargers.domain.makes import makes
from chargers.domain.makes.ways import STATION_WAYS
from chargers.domain.orders import commands
from chargers.enums import CommandKind, CommandState
from chargers.models import ChargePoint, ChargerCommand, Connector
from chargers.models.command import OPEN_STATES
from chargers.orders.charging import ClearLimits, SetStationLimit
from chargers.orders.words import Purpose
from grid.domain import topology
from grid.domain.topology import Tree

BY = "balancer"
EXPIRES_S = 300


def wanted_ma(connectors: Iterable[Connector], tree: Tree) -> int:
    """Their nameplates together, or what the circuits carry that feed all of them."""
    connectors = list(connectors)
    shared = set.intersection(*(set(tree.paths.get(one.circuit_id, ())) for one in connectors))
    carried = [max(tree.circuits[pk].limit_ma) for pk in shared]
    return min([sum(one.max_current_ma for one in connectors), *carried])


def ask_maximum(charge_point: ChargePoint, *, now: datetime, is_new: bool = False) -> None:
    """Queue it unless that is settled: once for a charge point, and again for another firmware or another value.

    Where a person limited the whole charge point, that stays.
    """
    if not is_new and charge_point.station_settled_ma is not None:
        return
    mine = ChargerCommand.objects.filter(charge_point=charge_point, kind=CommandKind.SET_STATION_LIMIT)
    if mine.filter(state__in=OPEN_STATES).exists():
        return
    newest = mine.filter(state=CommandState.ACCEPTED).order_by("-answered_at").first()
    if newest is not None and not newest.is_of_job(BY):
        return
    _queue(charge_point, way=makes.known_make(charge_point).station_way, tried=1, now=now)


def is_outdated(connectors: Iterable[Connector], tree: Tree) -> bool:
    """Whether the wiring was changed since it was asked for."""
    connectors = list(connectors)
    settled_ma = connectors[0].charge_point.station_settled_ma
    return settled_ma is not None and settled_ma != wanted_ma(connectors, tree)


def note_maximum(command: ChargerCommand, *, now: datetime) -> None:
    """Remember what was taken, or try the next way. A failure makes no connector unmanaged: the fallback decides that."""
    asked = command.read_as(SetStationLimit)
    if asked is None:
        return
    charge_point, limit_ma, way = command.charge_point, asked.limit_ma, asked.way
    tried = 1 if asked.tried is None else asked.tried
    if command.state == CommandState.ACCEPTED:
        charge_point.station_limit_ma = limit_ma
        if way is not None:
            charge_point.station_settled_ma = limit_ma
            makes.learn_facts(charge_point, station_way=way, takes_station_limit=True)
    elif way is not None and command.state in (CommandState.REJECTED, CommandState.ERROR):
        if tried < len(STATION_WAYS):
            _queue(charge_point, way=(way + 1) % len(STATION_WAYS), tried=tried + 1, now=now)
        else:
            charge_point.station_settled_ma = limit_ma
            if makes.known_make(charge_point).takes_station_limit is None:
                makes.learn_facts(charge_point, takes_station_limit=False)
    charge_point.save(update_fields=["station_limit_ma", "station_settled_ma"])


def restore_cleared(command: ChargerCommand, *, now: datetime) -> None:
    """A person had profiles cleared: written again where ours may have been among them."""
    charge_point = command.charge_point
    cleared = command.read_as(ClearLimits)
    is_meant = command.connector_id is None and (
        cleared is None or cleared.purpose in (None, Purpose.STATION)
    )
    if is_meant and (charge_point.station_limit_ma, charge_point.station_settled_ma) != (None, None):
        charge_point.station_limit_ma = charge_point.station_settled_ma = None
        charge_point.save(update_fields=["station_limit_ma", "station_settled_ma"])
        _queue(charge_point, way=0, tried=1, now=now)


def _queue(charge_point: ChargePoint, *, way: int, tried: int, now: datetime) -> None:
    connectors = list(Connector.objects.filter(charge_point=charge_point, retired_at=None))
    if not connectors:
        return
    limit_ma = wanted_ma(connectors, topology.read_tree(charge_point.cluster))
    watts = None
    if STATION_WAYS[way]["unit"] == "W":
        phases = max(len(connector.wired_phases) for connector in connectors)
        # Of all phases: as few as the charger could take them for would cut below what is granted later.
        watts = limit_ma * charge_point.cluster.voltage_v * phases // 1000
    commands.queue_command(
        charge_point,
        SetStationLimit(
            limit_ma=limit_ma,
            stack_level=STATION_WAYS[way]["stack_level"],
            watts=watts,
            way=way,
            tried=tried,
        ),
        by=BY,
        now=now,
        expires_s=EXPIRES_S,
    )
