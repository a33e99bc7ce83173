"""What really happened in a simulated life: noted by the world itself, and read by the judges alone."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chargers.simulator.plant.connector import Connector, Transaction
from chargers.simulator.play.site import Site
from chargers.simulator.station import Station


@dataclass(slots=True)
class Taken:
    """A transaction as its charge point had it: `energy_wh` is what flowed, whatever it says of it."""

    station: str
    transaction: Transaction
    energy_wh: float = 0.0
    is_over: bool = False


class WatchedSite(Site):
    """A site whose every change of current is shown to somebody, and whose transactions are kept with their energy."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, keep_samples=1, **options)
        self.watch: Callable[[float], None] = lambda _: None
        self.taken: dict[str, Taken] = {}

    def _record(self) -> None:
        super()._record()
        for identity, station in self.charge_points.items():
            for connector in station.connectors.values():
                if connector.transaction is not None:
                    self._note(identity, connector, connector.transaction)
        self.watch(time.time())

    def keep_ends(self, station: Station) -> None:
        """Note what a transaction took in the moment of its end."""
        announce = station.announce_stopped

        def announce_stopped(connector: Connector, transaction: Transaction, **words: Any) -> None:
            self._note(station.spec.id, connector, transaction).is_over = True
            announce(connector, transaction, **words)

        station.announce_stopped = announce_stopped  # type: ignore[method-assign]

    def _note(self, identity: str, connector: Connector, transaction: Transaction) -> Taken:
        taken = self.taken.setdefault(transaction.ref, Taken(identity, transaction))
        taken.energy_wh = connector.register_wh - transaction.meter_start_wh
        return taken


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
        self.lines.append(Happening(time.time(), who, what))
