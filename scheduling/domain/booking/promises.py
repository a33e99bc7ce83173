"""The honest answer to a wish: the part that can be kept beside earlier promises, and the nearest offer.

The plan serves promises first, so no more of a wish is promised than leaves a fair part to who comes later: see docs/fairness.md.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from chargers.domain.access.judging import AccessBook, SpaceClosed
from chargers.models import Connector
from drivers.models import Driver
from evbalancer.common.errors import InvalidInput
from evbalancer.common.words.said import Said
from fleet.domain import curve
from fleet.models import Vehicle
from grid.models import Cluster
from scheduling.domain.booking.capacity import Fill, Ledger, Wish
from scheduling.domain.learning import fairness, habits, windows
from scheduling.enums import EmergencyState, SlotState
from scheduling.errors import SlotRefused, SlotTaken, VehicleBooked
from scheduling.models import EmergencyRequest, SlotRequest
from scheduling.models.slot_request import WAITING_SLOT_STATES
from scheduling.rules.guard import NEW

LOOK_BEYOND = timedelta(hours=24)
FULL_SHARE = 0.999
# Of each part of its wishes that the community misses, so much is kept from promises: what it misses, and as much again, nearly, for
# who is yet to come and for meters.
HELD_BACK = 1.75
LEAST_SHARE = 0.2
RESERVING = (SlotState.PROMISED, SlotState.PARTLY_PROMISED, SlotState.ACTIVE)
NOTHING = Fill(0.0, None, None)
# Less of a difference is no alternative.
WORTHWHILE, WORTHWHILE_WH = timedelta(minutes=15), 1_000
HOUR, ROUND_S = timedelta(hours=1), 300
# Where neither battery nor time bounds it.
MOST_WH = 80_000

# The most that can be promised of an energy by a moment.
Most = Callable[[datetime, float], Fill]


@dataclass(frozen=True, slots=True)
class SlotWish:
    """A driver's wish. Without a connector any of the cluster will do; a fixed window is all or nothing."""

    energy_wh: int
    not_before: datetime
    ready_by: datetime
    vehicle: Vehicle | None = None
    connector: Connector | None = None
    flexible: bool = True


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another time or amount that would be promised whole."""

    ready_by: datetime
    energy_wh: int


@dataclass(frozen=True, slots=True)
class Answer:
    """why: of less than was asked for; None where all of it is promised."""

    state: SlotState
    promised_wh: int
    planned: Connector | None
    why: Said | None = None
    offer: dict[str, Any] | None = None


def promised_share(missed: float) -> float:
    """The part of a wish that is promised where the community missed this part of its wishes."""
    return max(LEAST_SHARE, 1 - HELD_BACK * max(0.0, missed - fairness.TRIFLE))


class Book:
    """The cluster's calendar and its room, read once under the cluster's lock."""

    def __init__(
        self, cluster: Cluster, *, until: datetime, now: datetime, driver: Driver | None = None
    ) -> None:
        """`driver`: whose wishes are to be answered, if any are."""
        self.cluster, self.now, self.driver = cluster, now, driver
        self.calendar = windows.read_calendar(cluster, now=now)
        self.learnt = habits.learnt_of({slot.driver_id for slot in self.calendar.slots})
        self.ledger = Ledger.of_cluster(cluster, now=now, until=until + LOOK_BEYOND)

    def answer(self, wish: SlotWish, *, instead_of: SlotRequest | None = None) -> Answer:
        """Raises VehicleBooked, SpaceClosed, SlotTaken, SlotRefused (both with an offer) and InvalidInput; writes nothing.

        `instead_of`: a slot whose own room may be used, because this answer replaces it.
        """
        calendar = self.calendar.without(instead_of)
        if wish.vehicle is not None and calendar.of_vehicle(wish.vehicle, wish.not_before, wish.ready_by):
            raise VehicleBooked(Said("refusal.change_that_slot_first"))
        candidates = self._candidates(wish, calendar)
        self._check_time(wish, candidates or list(calendar.connectors))
        promised = self._promised(calendar)
        part = replace(wish, energy_wh=int(wish.energy_wh * self.share))
        planned, fill = self._best(part, candidates, promised)
        if fill.energy_wh >= wish.energy_wh * FULL_SHARE:
            return Answer(SlotState.PROMISED, wish.energy_wh, planned)
        is_held_back = fill.energy_wh >= part.energy_wh * FULL_SHARE
        why = _why_less(fill, wish, is_held_back=is_held_back)
        offer = self._offer(wish, planned, fill, promised)
        if not wish.flexible:
            raise SlotRefused(why, offer=offer, why_said=why.stored)
        if fill.energy_wh >= 1:
            return Answer(SlotState.PARTLY_PROMISED, int(fill.energy_wh), planned, why, offer)
        return Answer(SlotState.QUEUED, 0, None, why, offer)

    def alternatives(
        self, wish: SlotWish, answer: Answer, *, instead_of: SlotRequest | None = None
    ) -> list[Alternative]:
        """What would be promised instead: the same sooner or, where that is not possible, later; and more, or less, by another time.

        Empty where no connector was found to answer by.
        """
        planned = answer.planned or self._offered(answer)
        if planned is None:
            return []
        promised = self._promised(self.calendar.without(instead_of))

        def most(ready_by: datetime, energy_wh: float) -> Fill:
            counted = replace(wish, ready_by=ready_by, energy_wh=int(energy_wh * self.share))
            return self.ledger.promise(self._wish(counted, planned), promised)

        if answer.state == SlotState.PROMISED:
            return [*self._sooner(wish, most), *self._more(wish, planned, most)]
        return [*self._later(wish, answer, most)]

    def _offered(self, answer: Answer) -> Connector | None:
        connector_id = (answer.offer or {}).get("connector_id")
        return next((row for row in self.calendar.connectors if str(row.pk) == connector_id), None)

    def _sooner(self, wish: SlotWish, most: Most) -> Iterator[Alternative]:
        """The earliest moment by which all of it can be promised; else what can be an hour earlier."""
        done_s = most(wish.ready_by, wish.energy_wh).done_s
        if done_s is not None:
            earliest = self.ledger.moment(-(-done_s // ROUND_S) * ROUND_S)
            if wish.ready_by - earliest >= WORTHWHILE and _is_whole(most(earliest, wish.energy_wh), wish):
                yield Alternative(earliest, wish.energy_wh)
                return
        earlier = wish.ready_by - HOUR
        if earlier - wish.not_before >= WORTHWHILE:
            least_wh = _rounded_wh(most(earlier, wish.energy_wh).energy_wh)
            if least_wh:
                yield Alternative(earlier, least_wh)

    def _more(self, wish: SlotWish, planned: Connector, most: Most) -> Iterator[Alternative]:
        """The most by the same time, as far as time and battery hold it."""
        battery_wh = wish.vehicle.battery_wh if wish.vehicle is not None else None
        holds_wh = battery_wh / curve.EFFICIENCY if battery_wh else MOST_WH
        alone_wh = min(self.ledger.alone_wh(self._wish(wish, planned)), holds_wh)
        most_wh = _rounded_wh(most(wish.ready_by, alone_wh).energy_wh)
        if most_wh >= wish.energy_wh + WORTHWHILE_WH:
            yield Alternative(wish.ready_by, most_wh)

    def _later(self, wish: SlotWish, answer: Answer, most: Most) -> Iterator[Alternative]:
        """All of it later; else the most that a day more brings."""
        whole_by = (answer.offer or {}).get("ready_by")
        if whole_by is not None:
            yield Alternative(datetime.fromisoformat(whole_by), wish.energy_wh)
            return
        later = wish.ready_by + LOOK_BEYOND
        most_wh = _rounded_wh(most(later, wish.energy_wh).energy_wh)
        if most_wh >= answer.promised_wh + WORTHWHILE_WH:
            yield Alternative(later, most_wh)

    def outlook(self) -> Iterator[tuple[SlotRequest, int]]:
        """For each promise what its stay will have had by its end, in Wh, if all promises are served as early as they can be."""
        slots = {str(slot.pk): slot for slot in self.calendar.slots if slot.state in RESERVING}
        self._keep_for_emergencies()
        for key, fill in self.ledger.pack(self._promised(self.calendar)).items():
            slot = slots[key]
            yield slot, round(fill.energy_wh / self._booked_share(slot)) + _received_wh(slot)

    def _promised(self, calendar: windows.Calendar) -> list[Wish]:
        promised = [self._promise(slot) for slot in calendar.slots if slot.state in RESERVING]
        return [wish for wish in promised if wish is not None]

    def _keep_for_emergencies(self) -> None:
        """They come before promises."""
        accepted = EmergencyRequest.objects.filter(
            session__in=[session.pk for session in self.calendar.sessions],
            state=EmergencyState.ACCEPTED,
            until__gt=self.now,
        )
        places = {row.pk: row for row in self.calendar.connectors}
        cars = {session.pk: session for session in self.calendar.sessions}
        for claim in accepted:
            session = cars[claim.session_id] if claim.session_id else None
            connector = places.get(session.connector_id) if session is not None else None
            if session is None or connector is None or claim.until is None:
                continue
            phases = windows.phases_of_car(connector, session.vehicle)
            until_s = self.ledger.second(claim.until)
            self.ledger.keep(connector.circuit_id, phases, claim.minimum_ma, until_s=until_s)

    @cached_property
    def share(self) -> float:
        """The part of a wish that may be promised, by what the community missed of its wishes in the last weeks."""
        return promised_share(fairness.usual_shortage(self.cluster, now=self.now))

    def _candidates(self, wish: SlotWish, calendar: windows.Calendar) -> list[Connector]:
        """Only spaces that are open to the driver when the window begins. A car that charges already may go on."""
        standing = calendar.standing(wish.vehicle)
        goes_on = standing is not None and calendar.charges(standing)
        if goes_on and standing is not None and wish.connector in {None, standing}:
            return [standing]
        closed = self._closed(calendar, at=wish.not_before)
        if wish.connector is not None and wish.connector.pk in closed:
            raise SpaceClosed(closed[wish.connector.pk])
        if closed and len(closed) == len(calendar.connectors):
            raise SpaceClosed(Said("access.none_open"))
        free = [
            row
            for row in calendar.free(wish.not_before, wish.ready_by, vehicle=wish.vehicle, now=self.now)
            if row.pk not in closed
        ]
        if wish.connector is None:
            return [standing] if standing is not None and standing.pk not in closed else free
        wanted = [row for row in free if row.pk == wish.connector.pk]
        if not wanted:
            raise SlotTaken(
                Said("refusal.connector_taken"),
                offer={"connector_id": str(free[0].pk), "connector": str(free[0])} if free else None,
            )
        return wanted

    def _closed(self, calendar: windows.Calendar, *, at: datetime) -> dict[UUID, Said]:
        """Connectors that the driver may not begin at, and why."""
        if self.driver is None:
            return {}
        found = {row.pk: self._access.judge(row.pk, self.driver, at=at).why for row in calendar.connectors}
        return {pk: why for pk, why in found.items() if why is not None}

    @cached_property
    def _access(self) -> AccessBook:
        return AccessBook.of_connectors([row.pk for row in self.calendar.connectors])

    def _check_time(self, wish: SlotWish, places: Sequence[Connector]) -> None:
        most_wh = max((self.ledger.alone_wh(self._wish(wish, row)) for row in places), default=0.0)
        if wish.energy_wh > most_wh > 0:
            why = Said("refusal.more_than_time_holds", {"most_wh": int(most_wh)})
            raise InvalidInput("energy_wh", why, code="more_than_time_holds")

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
        # Where not everything may be promised, more time is no help.
        whole = self.share == 1 and later.energy_wh >= wish.energy_wh * FULL_SHARE
        first_s = fill.first_s if fill.first_s is not None else later.first_s
        return {
            "connector_id": str(planned.pk),
            "energy_wh": int(fill.energy_wh),
            "ready_by": self._iso(later.done_s) if whole else None,
            "expected_start": self._iso(first_s),
        }

    def _promise(self, slot: SlotRequest) -> Wish | None:
        """The energy that a promise still has to deliver, from now on."""
        connector = slot.planned_connector
        if connector is None:
            return None
        start = max(slot.not_before, self.now)
        due_wh = max(0, slot.promised_wh - _received_wh(slot))
        wish = self._wish(SlotWish(due_wh, start, slot.ready_by, slot.vehicle), connector)
        return replace(wish, key=str(slot.pk), energy_wh=due_wh * self._booked_share(slot))

    def _booked_share(self, slot: SlotRequest) -> float:
        """Whose bookings often come to nothing keeps little room from others until the car comes; never 0."""
        if slot.state == SlotState.ACTIVE:
            return 1.0
        ahead = sum(
            row.driver_id == slot.driver_id
            and row.state in WAITING_SLOT_STATES
            and (row.not_before, row.pk) < (slot.not_before, slot.pk)
            for row in self.calendar.slots
        )
        return self.learnt.get(slot.driver_id, NEW).booked_share(ahead)

    def _wish(self, wish: SlotWish, connector: Connector) -> Wish:
        return Wish(
            key="new",
            circuit_id=connector.circuit_id,
            phases=windows.phases_of_car(connector, wish.vehicle),
            power_phases=windows.power_phases(connector, wish.vehicle),
            max_ma=windows.max_ma(connector, wish.vehicle),
            energy_wh=wish.energy_wh,
            start_s=self.ledger.second(wish.not_before),
            end_s=self.ledger.second(wish.ready_by),
        )

    def _iso(self, second: float | None) -> str | None:
        return None if second is None else self.ledger.moment(second).replace(microsecond=0).isoformat()


def _is_whole(fill: Fill, wish: SlotWish) -> bool:
    return fill.energy_wh >= wish.energy_wh * FULL_SHARE


def _rounded_wh(energy_wh: float) -> int:
    """A figure to press; below one kWh it is none."""
    return int(energy_wh // 500 * 500) if energy_wh >= WORTHWHILE_WH else 0


def _why_less(fill: Fill, wish: SlotWish, *, is_held_back: bool) -> Said:
    if fill.energy_wh < 1:
        return Said("slot.no_room", {"energy_wh": wish.energy_wh})
    amounts = {"promised_wh": int(fill.energy_wh), "energy_wh": wish.energy_wh}
    return Said("slot.held_back", amounts) if is_held_back else Said("slot.fits_in_part", amounts)


def _received_wh(slot: SlotRequest) -> int:
    return int(slot.session.stay_energy_wh) if slot.session is not None else 0
