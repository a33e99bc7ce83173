import time
from itertools import pairwise

from chargers.models import Session
from evbalancer.life.evidence import (
    ROUNDING_WH,
    STORED_WITHIN_S,
    is_forgotten,
    is_told,
    row_of,
    sessions_by_key,
    tolerance_wh,
)
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.truth import Stay
from evbalancer.life.world import World
from scheduling.models import FairnessEntry

# After a longer pause nobody can know that the car was there all the time.
LONGEST_PAUSE_S = 1_800.0


class Ledger(Judge):
    """Each stay of a driver has one line in the fairness ledger, with the energy that its car took."""

    name = "ledger"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._done: set[int] = set()

    def see_minute(self) -> None:
        self._judge_stays()

    def see_end(self) -> None:
        self._judge_stays()

    def _judge_stays(self) -> None:
        due = [
            (number, stay)
            for number, stay in enumerate(self.world.site.stays)
            if number not in self._done and stay.left_at is not None and self._is_settled(stay, stay.left_at)
        ]
        rows = sessions_by_key() if due else {}
        for number, stay in due:
            self._done.add(number)
            found = [row_of(transaction, rows) for transaction in stay.transactions]
            if self._is_one(stay):
                self._judge(stay, [row for row in found if row is not None])

    def _is_settled(self, stay: Stay, left_at: float) -> bool:
        station = self.world.site.charge_points[stay.station]
        return time.time() - left_at >= STORED_WITHIN_S and is_told(self.world, station, stay.transactions)

    def _is_one(self, stay: Stay) -> bool:
        """Nothing in it looks like another car, and its charge point reported all of it."""
        one_card = len({transaction.id_tag for transaction in stay.transactions}) == 1
        ended_at = self.world.site.ended_at
        pauses_s = [
            after.started_at - ended_at.get(before.ref, after.started_at)
            for before, after in pairwise(stay.transactions)
        ]
        is_whole = not any(is_forgotten(self.world, stay.station, each) for each in stay.transactions)
        return one_card and is_whole and all(pause_s <= LONGEST_PAUSE_S for pause_s in pauses_s)

    def _judge(self, stay: Stay, rows: list[Session]) -> None:
        if not any(row.driver_id for row in rows):
            return
        lines = list(FairnessEntry.objects.filter(stay_id__in={row.stay_id for row in rows}))
        name = f"the stay at {stay.station} that began with {stay.transactions[0].id_tag}"
        if len(lines) != 1:
            self.blame(f"{name} has {len(lines)} lines")
            return
        took_wh = sum(self.world.site.ended_wh[each.ref] for each in stay.transactions)
        tolerated_wh = max(ROUNDING_WH, tolerance_wh(self.world, stay.station)) * len(stay.transactions)
        if abs(lines[0].received_wh - took_wh) > tolerated_wh:
            self.blame(f"{name} took {took_wh:.0f} Wh, and its line says {lines[0].received_wh} Wh")
