"""What really happened in a simulated life: noted by the world itself, and read by the judges alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.connector import Connector, Transaction
from chargers.simulator.plant.wiring import Amps3
from chargers.simulator.play.site import Site
from chargers.simulator.station import Station
from evbalancer.life.clock import true_time


@dataclass(frozen=True, slots=True)
class Taken:
    """A transaction as its charge point had it: `energy_wh` is what flowed until its end, whatever it says of it; None before."""

    station: str
    transaction: Transaction
    energy_wh: float | None


@dataclass(slots=True)
class Stay:
    """A car at a connector, from plug to unplug, with its transactions."""

    station: str
    connector: int
    car: Car
    began_at: float
    transactions: list[Transaction] = field(default_factory=list)
    left_at: float | None = None
    was_full: bool = False


class WatchedSite(Site):
    """A site whose every change of current is shown to somebody, and that keeps what each transaction took."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, keep_samples=1, **options)
        self.watch: Callable[[float], None] = lambda _: None
        # What the building takes beside the cars, by circuit.
        self.loads_ma: dict[str, Amps3] = {}
        # What transactions had taken when they ended, by their references.
        self.ended_wh: dict[str, float] = {}
        self.ended_at: dict[str, float] = {}
        self.stays: list[Stay] = []
        self._here: dict[tuple[str, int], Stay] = {}

    @property
    def taken(self) -> list[Taken]:
        """Every transaction that a charge point began."""
        return [
            Taken(identity, transaction, self.ended_wh.get(transaction.ref))
            for identity, station in self.charge_points.items()
            for transaction in station.transactions
        ]

    def draws(self) -> Iterator[tuple[str, Amps3]]:
        yield from super().draws()
        yield from self.loads_ma.items()

    def _record(self) -> None:
        super()._record()
        self.watch(true_time())

    def keep_ends(self, station: Station) -> None:
        """Note what a transaction took in the moment of its end, and which car it was of."""
        announce_start, announce_stop = station.announce_started, station.announce_stopped
        plug_in, unplug = station.plug_in, station.unplug

        def announce_started(connector: Connector, transaction: Transaction) -> None:
            if (stay := self._here.get((station.spec.id, connector.id))) is not None:
                stay.transactions.append(transaction)
            announce_start(connector, transaction)

        def announce_stopped(connector: Connector, transaction: Transaction, **words: Any) -> None:
            self.ended_wh[transaction.ref] = connector.register_wh - transaction.meter_start_wh
            self.ended_at[transaction.ref] = true_time()
            announce_stop(connector, transaction, **words)

        async def plug(car: Car, *, connector_id: int = 1, **words: Any) -> None:
            stay = Stay(station.spec.id, connector_id, car, true_time())
            self._here[station.spec.id, connector_id] = stay
            self.stays.append(stay)
            await plug_in(car, connector_id=connector_id, **words)

        async def leave(*, connector_id: int = 1) -> Car | None:
            stay = self._here.pop((station.spec.id, connector_id), None)
            if stay is not None:
                stay.left_at, stay.was_full = true_time(), stay.car.is_full
            return await unplug(connector_id=connector_id)

        for name, told in (
            ("announce_started", announce_started),
            ("announce_stopped", announce_stopped),
            ("plug_in", plug),
            ("unplug", leave),
        ):
            setattr(station, name, told)


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the story: something that somebody or something did."""

    at: float
    who: str
    what: str


@dataclass(slots=True)
class Story:
    """What was done in this life, in its order: the last hours of a failing seed explain it."""

    lines: list[Happening] = field(default_factory=list)

    def tell(self, who: str, what: str) -> None:
        self.lines.append(Happening(true_time(), who, what))
