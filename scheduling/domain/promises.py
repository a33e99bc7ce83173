"""The honest answer to a wish: what the plan can hold beside what was promised before, and the nearest offer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chargers.models import Connector
from evbalancer.common.errors import InvalidInput
from fleet.models import Vehicle
from grid.models import Cluster
from scheduling.domain import windows
from scheduling.domain.capacity import Fill, Ledger, Wish
from scheduling.enums import SlotState
from scheduling.errors import SlotRefused, SlotTaken, VehicleBooked
from scheduling.models import SlotRequest

LOOK_BEYOND = timedelta(hours=24)
FULL_SHARE = 0.999
RESERVING = (SlotState.PROMISED, SlotState.PARTLY_PROMISED, SlotState.ACTIVE)
NOTHING = Fill(0.0, None, None)


@dataclass(frozen=True, slots=True)
class SlotWish:
    """What a driver asks for. Without a connector any of the cluster will do; a fixed window is all or nothing."""

    energy_wh: int
    not_before: datetime
    ready_by: datetime
    vehicle: Vehicle | None = None
    connector: Connector | None = None
    flexible: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    state: SlotState
    promised_wh: int
    planned: Connector | None
    why: str = ""
    offer: dict[str, Any] | None = None


class Book:
    """The cluster's calendar and its room, read once under the cluster's lock."""

    def __init__(self, cluster: Cluster, *, until: datetime, now: datetime) -> None:
        self.now = now
        self.calendar = windows.read(cluster, now=now)
        self.ledger = Ledger(cluster, now=now, until=until + LOOK_BEYOND)

    def answer(self, wish: SlotWish, *, instead_of: SlotRequest | None = None) -> Answer:
        """Raises VehicleBooked, SlotTaken, SlotRefused (both with an offer) and InvalidInput; writes nothing.

        `instead_of`: a slot whose own room may be used, because this answer replaces it.
        """
        calendar = self.calendar.without(instead_of)
        if wish.vehicle is not None and calendar.of_vehicle(wish.vehicle, wish.not_before, wish.ready_by):
            raise VehicleBooked("Change or cancel that slot first.")
        candidates = self._candidates(wish, calendar)
        self._check_time(wish, candidates or list(calendar.connectors))
        promised = [self._promise(slot) for slot in calendar.slots if slot.state in RESERVING]
        planned, fill = self._best(wish, candidates, [row for row in promised if row is not None])
        if fill.energy_wh >= wish.energy_wh * FULL_SHARE:
            return Answer(SlotState.PROMISED, wish.energy_wh, planned)
        why = _shortfall(fill, wish)
        offer = self._offer(wish, planned, fill, [row for row in promised if row is not None])
        if not wish.flexible:
            raise SlotRefused(why, offer=offer)
        if fill.energy_wh >= 1:
            return Answer(SlotState.PARTLY_PROMISED, int(fill.energy_wh), planned, why, offer)
        return Answer(SlotState.QUEUED, 0, None, why, offer)

    def _candidates(self, wish: SlotWish, calendar: windows.Calendar) -> list[Connector]:
        free = calendar.free(wish.not_before, wish.ready_by, vehicle=wish.vehicle, now=self.now)
        if wish.connector is None:
            standing = calendar.standing(wish.vehicle)
            return [standing] if standing is not None else free
        wanted = [row for row in free if row.pk == wish.connector.pk]
        if not wanted:
            raise SlotTaken(
                "This connector is booked, planned or occupied in your window, or out of order.",
                offer={"connector_id": str(free[0].pk), "connector": str(free[0])} if free else None,
            )
        return wanted

    def _check_time(self, wish: SlotWish, places: Sequence[Connector]) -> None:
        most_wh = max((self.ledger.alone_wh(self._wish(wish, row)) for row in places), default=0.0)
        if wish.energy_wh > most_wh > 0:
            detail = f"Even at full power {int(most_wh)} Wh is the most until then."
            raise InvalidInput("energy_wh", detail, code="more_than_time_holds")

    def _best(
        self,
        wish: SlotWish,
        candidates: Sequence[Connector],
        promised: Sequence[Wish],
    ) -> tuple[Connector | None, Fill]:
        best: Connector | None = None
        most = NOTHING
        tried: set[Wish] = set()
        for connector in candidates:
            trial = self._wish(wish, connector)
            if trial in tried:
                continue
            tried.add(trial)
            fill = self.ledger.promise(trial, promised)
            if best is None or fill.energy_wh > most.energy_wh:
                best, most = connector, fill
            if fill.energy_wh >= wish.energy_wh * FULL_SHARE:
                break
        return best, most

    def _offer(
        self,
        wish: SlotWish,
        planned: Connector | None,
        fill: Fill,
        promised: Sequence[Wish],
    ) -> dict[str, Any] | None:
        """The nearest that fits: less energy in time, or all of it later; and when power would begin."""
        if planned is None:
            return None
        longer = self._wish(replace(wish, ready_by=wish.ready_by + LOOK_BEYOND), planned)
        later = self.ledger.promise(longer, promised)
        whole = later.energy_wh >= wish.energy_wh * FULL_SHARE
        first_s = fill.first_s if fill.first_s is not None else later.first_s
        return {
            "connector_id": str(planned.pk),
            "energy_wh": int(fill.energy_wh),
            "ready_by": self._iso(later.done_s) if whole else None,
            "expected_start": self._iso(first_s),
        }

    def _promise(self, slot: SlotRequest) -> Wish | None:
        """What a promise still has to deliver, from now on."""
        connector = slot.planned_connector
        if connector is None:
            return None
        got_wh = slot.session.stay_energy_wh if slot.session is not None else 0
        start = max(slot.not_before, self.now)
        left = SlotWish(max(0, slot.promised_wh - got_wh), start, slot.ready_by, slot.vehicle)
        return replace(self._wish(left, connector), key=str(slot.pk))

    def _wish(self, wish: SlotWish, connector: Connector) -> Wish:
        return Wish(
            key="new",
            circuit_id=connector.circuit_id,
            phases=windows.phases(connector, wish.vehicle),
            power_phases=windows.power_phases(connector, wish.vehicle),
            max_ma=windows.max_ma(connector, wish.vehicle),
            energy_wh=wish.energy_wh,
            start_s=self.ledger.second(wish.not_before),
            end_s=self.ledger.second(wish.ready_by),
        )

    def _iso(self, second: float | None) -> str | None:
        return None if second is None else self.ledger.moment(second).replace(microsecond=0).isoformat()


def _shortfall(fill: Fill, wish: SlotWish) -> str:
    asked = wish.energy_wh / 1000
    if fill.energy_wh < 1:
        return f"No room for {asked:.3g} kWh in this window beside what was promised before"
    return (
        f"{fill.energy_wh / 1000:.3g} of {asked:.3g} kWh fit into this window beside what was promised before"
    )
