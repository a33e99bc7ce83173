"""The judges of a simulated life: independent code that compares what happened with what the product stored and allowed.

They read the world's truth and the tables, and use nothing of the product's own rules.
"""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Sum

from chargers.enums import CommandState, SessionState
from chargers.models import ChargerCommand, Session
from chargers.simulator.station import Station
from evbalancer.life.truth import Taken
from evbalancer.life.world import World
from evbalancer.ops.drill import place
from grid.models import TemporaryLimit
from pricing.models import BillLine

# What a meter rounds at a start and at an end.
ROUNDING_WH = 2
# How long after a fault, or after the start of its transaction, a car may still wait for power.
CALM_S = 120.0
# A limit is announced longer before it is in force than what was read of the limits is kept.
REREAD_S = 5.0
# So few cars have their minimums everywhere, whatever their phases are.
FEW = 4


@dataclass(frozen=True, slots=True)
class Violation:
    at: float
    judge: str
    sentence: str

    def __str__(self) -> str:
        return f"{datetime.fromtimestamp(self.at, UTC):%d %b %H:%M:%S} {self.judge}: {self.sentence}"


class Court:
    """All judges of one life. `violations` is empty when everything held."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.violations: list[Violation] = []
        self._above: set[str] = set()
        self._cuts: list[TemporaryLimit] = []
        self._read_at = 0.0
        world.site.watch = self.judge_limits

    def blame(self, judge: str, sentence: str) -> None:
        self.violations.append(Violation(time.time(), judge, sentence))

    def judge_limits(self, at: float) -> None:
        """At each change of a current: no circuit and phase carries more than it may at this moment."""
        if at - self._read_at >= REREAD_S:
            self._read_cuts(at)
        for name in place.LIMITS_MA:
            carried_ma = max(self._world.site.history.now_ma(name))
            if carried_ma > self._allowed_ma(name, at):
                # A cut may have been lifted since they were read.
                self._read_cuts(at)
            allowed_ma = self._allowed_ma(name, at)
            if carried_ma <= allowed_ma:
                self._above.discard(name)
            elif name not in self._above:
                self._above.add(name)
                self.blame("limits", f"{name} carries {carried_ma} mA and may carry {allowed_ma} mA")

    def _read_cuts(self, at: float) -> None:
        self._read_at = at
        self._cuts = list(TemporaryLimit.objects.filter(circuit__in=self._world.place.circuits.values()))

    def _allowed_ma(self, name: str, at: float) -> int:
        moment = datetime.fromtimestamp(at, UTC)
        allowed_ma = place.LIMITS_MA[name]
        for row in self._cuts:
            ends = [each for each in (row.until, row.cancelled_at) if each is not None]
            is_in_force = row.effective_at <= moment and (not ends or min(ends) > moment)
            if is_in_force and row.circuit_id == self._world.place.circuits[name]:
                cut_ma = min(row.limit_l1_ma, row.limit_l2_ma, row.limit_l3_ma) + row.uncovered_ma
                allowed_ma = min(allowed_ma, cut_ma)
        return allowed_ma

    def judge_end(self) -> None:
        """When all is quiet: energy, acknowledgements, and what is left open."""
        taken = self._world.site.taken
        sessions: dict[str | int | None, Session] = {
            row.transaction_uid or row.transaction_id: row for row in Session.objects.all()
        }
        for one in taken:
            number = one.transaction.server_id
            row = sessions.get(one.transaction.ref) or sessions.get(number)
            self._judge_transaction(one, row)
        known = {key for one in taken for key in (one.transaction.ref, one.transaction.server_id)}
        for key, row in sessions.items():
            if key is not None and key not in known:
                self.blame("energy", f"{row} was never begun by a charge point")
        self._judge_leftovers()

    def _judge_transaction(self, one: Taken, row: Session | None) -> None:
        name = f"the transaction of {one.station} that began with {one.transaction.id_tag}"
        if row is None:
            self.blame("acknowledged", f"{name} is not stored")
            return
        is_over = one.energy_wh is not None
        if is_over != (row.stopped_at is not None):
            self.blame("acknowledged", f"{name} is over: {is_over}; it is stored with an end: {not is_over}")
        if one.energy_wh is None:
            return
        if abs(row.energy_wh - one.energy_wh) > ROUNDING_WH:
            self.blame("energy", f"{name} took {one.energy_wh:.0f} Wh, and {row.energy_wh} Wh are stored")
        billed = BillLine.objects.filter(session=row).aggregate(total=Sum("energy_wh"))["total"]
        if row.state == SessionState.ENDED and (billed or 0) != row.energy_wh:
            self.blame("energy", f"{name} has {row.energy_wh} Wh, and {billed} Wh are billed")

    def _judge_leftovers(self) -> None:
        cars = {
            station.spec.id: station.connectors[1].transaction is not None for station in self._world.stations
        }
        for row in Session.objects.filter(state=SessionState.ACTIVE).select_related(
            "connector__charge_point"
        ):
            if not cars[row.connector.charge_point.identity]:
                self.blame("leftovers", f"{row} is active, and its charge point has no transaction")
        overdue = ChargerCommand.objects.filter(
            state__in=[CommandState.QUEUED, CommandState.SENT],
            expires_at__lt=datetime.now(UTC) - timedelta(minutes=5),
        )
        for command in overdue:
            self.blame("leftovers", f"{command} waits since {command.queued_at:%H:%M:%S}")

    def judge_minimum(self) -> None:
        """Once a minute, in calm times: where few cars are there and nothing is cut, each that wants power has some."""
        if time.monotonic() - self._world.calm_since_s < CALM_S:
            return
        wanting = [station for station in self._world.stations if _wants_power(station)]
        if len(wanting) > FEW or TemporaryLimit.objects.filter(cancelled_at=None).exists():
            return
        for station in wanting:
            if max(station.draw_ma()) == 0:
                self.blame("minimum", f"{station.spec.id} has no power beside {len(wanting) - 1} others")


def _wants_power(station: Station) -> bool:
    """Its car charges for long enough to have some, and is not full."""
    car, transaction = station.connectors[1].car, station.connectors[1].transaction
    if car is None or transaction is None or car.is_full:
        return False
    return station.online and time.time() - transaction.started_at >= CALM_S


class LogJudge(logging.Handler):
    """What is logged as an error is one: nothing that this world does may surprise the product."""

    def __init__(self, court: Court) -> None:
        super().__init__(logging.ERROR)
        self._court = court

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("asyncio", "chargers.simulator", "ocpp")):
            return
        trace = ""
        if record.exc_info and record.exc_info[1] is not None:
            trace = f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
        self._court.blame("log", f"{record.name}: {record.getMessage()}{trace}"[:500])
