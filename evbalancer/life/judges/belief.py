from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet

from chargers.enums import CommandState
from chargers.models import ChargerCommand
from chargers.models import Connector as Row
from chargers.simulator.plant.battery import MIN_MA
from chargers.simulator.plant.connector import Connector
from chargers.simulator.station import Station
from evbalancer.common.db.prepared import One, prepared
from evbalancer.life.evidence import is_wild
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.world import World

LOOKED_AT_EVERY_S = 10.0
# A limit that was taken this moment, or a transaction that began, is on its way to be known.
SETTLES = timedelta(seconds=8)
TOLERANCE_MA = 500


class Belief(Judge):
    """What the product believes of a charge point that is there is true: it offers no more than is reserved for it, and what was
    confirmed is in force."""

    name = "belief"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._looked_at = 0.0
        self._wrong: dict[tuple[str, int], str] = {}
        self._blamed: set[tuple[str, int]] = set()

    def see_change(self, at: float) -> None:
        if at - self._looked_at < LOOKED_AT_EVERY_S:
            return
        self._looked_at = at
        now = datetime.fromtimestamp(at, UTC)
        rows = {
            (row.charge_point.identity, row.number): row
            for row in _connectors(cluster_id=self.world.place.cluster.pk)
        }
        before, self._wrong = self._wrong, {}
        for station in self.world.stations:
            for number, connector in station.connectors.items():
                key = station.spec.id, number
                error = self._error(station, connector, rows[key], now) if key in rows else None
                if error is None:
                    continue
                self._wrong[key] = error
                # Wrong at one look it may be while an answer is on its way.
                if before.get(key) == error and key not in self._blamed:
                    self._blamed.add(key)
                    offered = f"connector {number} of {station.spec.id} offers {connector.offered_ma} mA"
                    self.blame(f"{offered}, and {error}")

    def _error(self, station: Station, connector: Connector, row: Row, now: datetime) -> str | None:
        transaction = connector.transaction
        if not station.online or station.talker.outbox or transaction is None or is_wild(station):
            return None
        if self.world.has_wrong_clock(station):
            return None
        reserved_ma = max(row.reservation_l1_ma, row.reservation_l2_ma, row.reservation_l3_ma)
        if row.in_transaction and connector.offered_ma > reserved_ma + TOLERANCE_MA:
            return f"{reserved_ma} mA are reserved"
        confirmed_at, ends_at = row.confirmed_at, row.confirmed_end_at
        if row.confirmed_ma is None or confirmed_at is None or row.uncontrollable_since is not None:
            return None
        is_in_force = ends_at is None or ends_at > now + SETTLES
        is_settled = confirmed_at < now - SETTLES and not _is_open(row)
        # What is in force may be less: a maximum of the whole charge point is shared by its connectors. One with a fault gives nothing.
        is_whole = connector.error_code == "NoError"
        is_lost = row.confirmed_ma >= MIN_MA and connector.offered_ma == 0 and is_whole
        if row.in_transaction and is_in_force and is_settled and is_lost:
            return f"{row.confirmed_ma} mA count as confirmed"
        return None


def _is_open(row: Row) -> bool:
    return bool(_open_commands(connector_id=row.pk))


@prepared
def _connectors(cluster_id: One) -> QuerySet[Row]:
    return Row.objects.filter(charge_point__cluster=cluster_id).select_related("charge_point")


@prepared
def _open_commands(connector_id: One) -> QuerySet[ChargerCommand]:
    return ChargerCommand.objects.filter(
        connector=connector_id, state__in=[CommandState.QUEUED, CommandState.SENT]
    )
