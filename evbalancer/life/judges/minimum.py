import time

from chargers.simulator.station import Station
from evbalancer.life.judges.judge import Judge
from grid.models import TemporaryLimit

# How long after a fault, or after the start of its transaction, a car may still wait for power.
CALM_S = 120.0
# So few cars have their minimums everywhere, whatever their phases are.
FEW = 4


class Minimum(Judge):
    """In calm times, where few cars are there and nothing is cut, each car that wants power has some."""

    name = "minimum"

    def see_minute(self) -> None:
        if time.monotonic() - self.world.calm_since_s < CALM_S:
            return
        wanting = [station for station in self.world.stations if _wants_power(station)]
        if len(wanting) > FEW or TemporaryLimit.objects.filter(cancelled_at=None).exists():
            return
        for station in wanting:
            if max(station.draw_ma()) == 0:
                self.blame(f"{station.spec.id} has no power beside {len(wanting) - 1} others")


def _wants_power(station: Station) -> bool:
    """Its car charges for long enough to have some, and is not full."""
    car, transaction = station.connectors[1].car, station.connectors[1].transaction
    if car is None or transaction is None or car.is_full:
        return False
    return station.online and time.time() - transaction.started_at >= CALM_S
