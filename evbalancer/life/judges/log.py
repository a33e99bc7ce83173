import logging

from evbalancer.life.evidence import is_wild
from evbalancer.life.judges.judge import Judge

# The charge points' own words, and those of the libraries below them.
WATCH = "scheduling.domain.balancing.watch"
OTHERS = ("asyncio", "chargers.simulator", "ocpp")
# A limit that begins an hour late, by the clock of its charge point, is found missing when it is read back.
TOLD_BY_A_WRONG_CLOCK = ("chargers.domain.limits.siblings",)


class Log(Judge):
    """What is logged as an error is one: nothing that this world does may surprise the product, but an error that was put into it."""

    name = "log"

    def hear(self, record: logging.LogRecord) -> None:
        if record.name.startswith(OTHERS) or self._is_explained(record):
            return
        if self.world.explains(record) or (
            record.name in TOLD_BY_A_WRONG_CLOCK and any(map(self.world.has_wrong_clock, self.world.stations))
        ):
            return
        trace = ""
        if record.exc_info and record.exc_info[1] is not None:
            trace = f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
        self.blame(f"{record.name}: {record.getMessage()}{trace}"[:500])

    def _is_explained(self, record: logging.LogRecord) -> bool:
        """A car that draws more than it may is an alarm that the world explains."""
        return record.name == WATCH and any(is_wild(station) for station in self.world.stations)


class Ear(logging.Handler):
    """Hands errors of the log to their judge."""

    def __init__(self, judge: Log) -> None:
        super().__init__(logging.ERROR)
        self._judge = judge

    def emit(self, record: logging.LogRecord) -> None:
        self._judge.hear(record)
