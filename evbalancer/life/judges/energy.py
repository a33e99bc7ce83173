import time

from django.db.models import Sum

from chargers.enums import SessionState
from chargers.models import Session
from chargers.simulator.plant.connector import Connector, Transaction
from chargers.simulator.station import Station
from drivers.models import IdTag
from evbalancer.life.evidence import (
    METERED_AT_ENDS,
    VOLTS_X_PHASES,
    is_forgotten,
    is_told,
    row_of,
    sessions_by_key,
    tolerance_wh,
)
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.truth import Taken
from evbalancer.life.world import World
from pricing.models import BillLine

ACKNOWLEDGED = "acknowledged"
# The energy of a transaction that runs is known this late at most.
METERED_WITHIN_S = 300.0


class Energy(Judge):
    """Each transaction is stored, and so is its end; it is stored and billed with what flowed, once."""

    name = "energy"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._done: set[str] = set()

    def see_minute(self) -> None:
        """Those that ended some minutes ago, and whether those that run are metered."""
        running = sessions_by_key(Session.objects.filter(state=SessionState.ACTIVE))
        for station in self.world.stations:
            for connector in station.connectors.values():
                row = None if connector.transaction is None else row_of(connector.transaction, running)
                if connector.transaction is not None and row is not None:
                    self._judge_running(station, connector, connector.transaction, row)
        due = [
            one
            for one in self.world.site.taken
            if one.transaction.ref not in self._done
            and one.energy_wh is not None
            and is_told(self.world, self.world.site.charge_points[one.station], [one.transaction])
        ]
        if due:
            rows = sessions_by_key()
            for one in due:
                self._done.add(one.transaction.ref)
                self._judge_transaction(one, row_of(one.transaction, rows))

    def see_end(self) -> None:
        taken, rows = self.world.site.taken, sessions_by_key()
        for one in taken:
            if one.transaction.ref not in self._done:
                self._judge_transaction(one, row_of(one.transaction, rows))
        known = {key for one in taken for key in (one.transaction.ref, one.transaction.server_id)}
        for key, row in rows.items():
            if key is not None and key not in known and self._is_ours(row):
                self.blame(f"{row} was never begun by a charge point")

    def _judge_running(
        self, station: Station, connector: Connector, transaction: Transaction, row: Session
    ) -> None:
        """A bill that runs, a promise that is judged: the energy is known while it flows."""
        calm_s = time.monotonic() - self.world.calm_since_s
        age_s = time.time() - transaction.started_at
        ref = f"{transaction.ref} runs"
        if (
            ref in self._done
            or not station.online
            or station.talker.outbox
            or METERED_AT_ENDS.intersection(self.world.place.habits.get(station.spec.id, ()))
            or min(calm_s, age_s) < METERED_WITHIN_S
        ):
            return
        missing_wh = connector.register_wh - transaction.meter_start_wh - row.energy_wh
        most_w = VOLTS_X_PHASES * station.spec.nameplate_ma / 1_000
        if missing_wh > most_w * METERED_WITHIN_S / 3_600:
            self._done.add(ref)
            self.blame(
                f"{station.spec.id} gave {missing_wh:.0f} Wh that are not metered, in a transaction that runs"
            )

    def _is_ours(self, row: Session) -> bool:
        return row.community_id == self.world.place.cluster.community_id

    def _judge_transaction(self, one: Taken, row: Session | None) -> None:
        name = f"the transaction of {one.station} that began with {one.transaction.id_tag}"
        if row is None:
            self.blame(f"{name} is not stored", judge=ACKNOWLEDGED)
            return
        is_over = one.energy_wh is not None or is_forgotten(self.world, one.station, one.transaction)
        if is_over != (row.stopped_at is not None):
            sentence = f"{name} is over: {is_over}; it is stored with an end: {not is_over}"
            self.blame(sentence, judge=ACKNOWLEDGED)
        if not is_over or row.stopped_at is None:
            return
        if one.energy_wh is not None and abs(row.energy_wh - one.energy_wh) > tolerance_wh(
            self.world, one.station
        ):
            self.blame(f"{name} took {one.energy_wh:.0f} Wh, and {row.energy_wh} Wh are stored")
        if (
            row.driver is not None
            and not row.driver.id_tags.filter(token__iexact=one.transaction.id_tag).exists()
        ):
            self.blame(f"{name} belongs to {row.driver}, whose card is another")
        card = IdTag.objects.filter(community=row.community_id, token__iexact=one.transaction.id_tag)
        if row.driver is None and card.filter(driver__isnull=False).exists():
            self.blame(f"{name} belongs to nobody")
        billed = BillLine.objects.filter(session=row).aggregate(total=Sum("energy_wh"))["total"]
        if (billed or 0) != row.energy_wh:
            self.blame(f"{name} has {row.energy_wh} Wh, and {billed} Wh are billed")
