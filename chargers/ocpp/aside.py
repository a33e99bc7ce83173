"""Reports that wait until a cluster is free: whoever has locked it keeps nobody waiting but its own charge points.

What one charge point says is taken in the order in which it was said, so what comes after a report that waits here waits
behind it.
"""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chargers.reports.base import Incoming, Report

Receiver = Callable[[Any], None]
Entry = tuple[Incoming, Receiver]
# A charge point gives an answer up after half a minute; hung up on before, it keeps its message and comes again.
LONGEST_S = 20.0


@dataclass(slots=True)
class _Waiting:
    report: Report
    receiver: Receiver
    since_s: float


class Aside:
    """Belongs to the writer's thread."""

    def __init__(self) -> None:
        # In the order in which their first reports began to wait.
        self._queues: dict[UUID, deque[_Waiting]] = {}
        self._round = 0

    def __len__(self) -> int:
        return len(self._queues)

    def sort_out(self, batch: list[Entry], *, now_s: float) -> list[Entry]:
        """Keep those whose charge points have something here already, and return the others."""
        if not self._queues:
            return batch
        return [entry for entry in batch if not self._keep_behind(entry, now_s=now_s)]

    def put(self, report: Incoming, receiver: Receiver, *, now_s: float) -> None:
        if not isinstance(report, Report):
            raise TypeError(f"a {type(report).__name__} waits for no cluster")
        queue = self._queues.setdefault(report.source.charge_point_id, deque())
        queue.append(_Waiting(report, receiver, now_s))

    def first_of_each(self, most: int) -> tuple[list[Entry], UUID | None]:
        """What to try now, and the cluster whose turn it is to be waited for."""
        fronts = [queue[0] for queue in self._queues.values()][:most]
        clusters = list(dict.fromkeys(front.report.source.cluster_id for front in fronts))
        self._round += 1
        turn = clusters[self._round % len(clusters)] if clusters else None
        return [(front.report, front.receiver) for front in fronts], turn

    def settle(self, entries: Collection[Entry], *, is_through: Collection[bool]) -> None:
        """Forget those that are through. The others, and what stands behind them, go to the end of the round."""
        for (report, _), through in zip(entries, is_through, strict=True):
            if not isinstance(report, Report):
                continue
            queue = self._queues.pop(report.source.charge_point_id)
            if through:
                queue.popleft()
            if queue:
                self._queues[report.source.charge_point_id] = queue

    def give_up(self, *, before_s: float | None = None) -> list[Receiver]:
        """Take out what has waited since before then, or everything; returns who is to hear of it."""
        gone: list[Receiver] = []
        for charge_point_id, queue in list(self._queues.items()):
            # What came after the one that is given up comes again after it, too.
            if before_s is None or queue[0].since_s < before_s:
                gone.extend([waiting.receiver for waiting in queue])
                del self._queues[charge_point_id]
        return gone

    def _keep_behind(self, entry: Entry, *, now_s: float) -> bool:
        report, receiver = entry
        if not isinstance(report, Report) or report.source.charge_point_id not in self._queues:
            return False
        self.put(report, receiver, now_s=now_s)
        return True
