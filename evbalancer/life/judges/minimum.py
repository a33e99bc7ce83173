import time

from chargers.simulator.plant.connector import Connector
from chargers.simulator.station import Station
from evbalancer.life.judges.judge import Judge
from grid.models import TemporaryLimit

# How long after a fault, or after the start of its transaction, a car may still wait for power.
CALM_S = 120.0


class Minimum(Judge):
    """In calm times, where few cars are there and nothing is cut, each car that wants power has some."""

    name = "minimum"

    def see_minute(self) -> None:
        if time.monotonic() - self.world.calm_since_s < CALM_S:
            return
        wanting = [
            (station, connector)
            for station in self.world.stations
            for connector in station.connectors.values()
            if _wants_power(station, connector)
        ]
        if len(wanting) > self.world.place.few or TemporaryLimit.objects.filter(cancelled_at=None).exists():
            return
        for station, connector in wanting:
            # A car may ask for more than its charge point's minimum, and sleep below it.
            if connector.offered_ma == 0:
                self.blame(f"{station.spec.id} has no power beside {len(wanting) - 1} others")


def _wants_power(station: Station, connector: Connector) -> bool:
    """Its car charges for long enough to have some, and is not full."""
    car, transaction = connector.car, connector.transaction
    if car is None or transaction is None or car.is_full:
        return False
    return station.online and time.time() - transaction.started_at >= CALM_S
