"""Two writers for one process: what meters tell and cards ask waits for no start, stop or boot of anybody.

A start takes many queries under its cluster's lock, a meter value a share in one COPY. On a thread and a connection of its own
the second is answered at once while hundreds of the first are taken (docs/adr/0087).
"""

from functools import partial
from typing import Any

from chargers.domain.intake import Desk, MeterDesk
from chargers.domain.metering.meter_book import Memory
from chargers.ocpp.aside import Receiver
from chargers.ocpp.writer import Writer, WriterStopped
from chargers.reports.base import Incoming
from chargers.reports.outcomes import PASSED_ON


class TwoLanes(Writer):
    """The writer of all else, with one for what is quick beside it.

    What turns a session passes by the quick one first, which knows what its meter told last and stores that. Charge points say
    one thing at a time, so nothing of theirs is in both.
    """

    def __init__(self) -> None:
        memory = Memory()
        super().__init__(Desk(memory, takes_meters=False))
        self._quick = Writer(MeterDesk(memory), name="ocpp-meters")

    def start(self) -> None:
        self._quick.start()
        super().start()

    async def stop(self) -> None:
        # What it passes on is handed in here before its thread is known to have ended.
        await self._quick.stop()
        await super().stop()

    def hand_in(self, report: Incoming, receiver: Receiver) -> None:
        if report.is_quick:
            self._quick.hand_in(report, receiver)
        elif report.turns:
            self._quick.hand_in(report, partial(self._pass_on, report, receiver))
        else:
            super().hand_in(report, receiver)

    def _pass_on(self, report: Incoming, receiver: Receiver, outcome: Any) -> None:
        if outcome is not PASSED_ON:
            receiver(outcome)
            return
        try:
            super().hand_in(report, receiver)
        except WriterStopped as stopped:
            receiver(stopped)
