import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chargers.models import Session
from evbalancer.life.evidence import is_forgotten, is_told
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.truth import Stay
from evbalancer.life.world import World
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import EmergencyRequest, SlotRequest
from scheduling.models.slot_request import WAITING_SLOT_STATES

# A job that comes by each minute may take this long.
ENDS_WITHIN = timedelta(minutes=10)
SETTLED = (SlotState.FULFILLED, SlotState.UNMET, SlotState.LEFT)
# A promise that misses no more than this is as good as kept.
TOLERATED_SHARE, TOLERATED_WH = 0.02, 150


class Promises(Judge):
    """A promise ends when all of it has flowed or the car has gone, with the word that fits what flowed; an emergency likewise."""

    name = "promises"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._done: set[UUID] = set()

    def see_minute(self) -> None:
        slots = SlotRequest.objects.filter(state__in=SETTLED, session__isnull=False).exclude(
            pk__in=self._done
        )
        for slot in slots.select_related("session"):
            self._done.add(slot.pk)
            self._judge_slot(slot)
        claims = EmergencyRequest.objects.filter(state=EmergencyState.DONE).exclude(pk__in=self._done)
        for claim in claims.select_related("session"):
            self._done.add(claim.pk)
            self._judge_emergency(claim)
        if time.monotonic() - self.world.calm_since_s >= ENDS_WITHIN.total_seconds():
            self._judge_open(datetime.now(UTC))

    def see_end(self) -> None:
        self.see_minute()

    def _judge_slot(self, slot: SlotRequest) -> None:
        stay = self._stay_of(slot.session)
        if stay is None or any(is_forgotten(self.world, stay.station, each) for each in stay.transactions):
            return
        took_wh, due_wh = self._took_wh(stay), slot.promised_wh or slot.energy_wh
        name = f"the promise of {due_wh} Wh for {stay.transactions[0].id_tag} at {stay.station}"
        is_short = took_wh < due_wh * (1 - TOLERATED_SHARE) - TOLERATED_WH
        is_full = stay.was_full or stay.car.is_full
        if slot.state == SlotState.FULFILLED and is_short and not is_full:
            self.blame(f"{name} is called fulfilled, and {took_wh:.0f} Wh had flowed")
        if slot.state != SlotState.FULFILLED and took_wh > due_wh * (1 + TOLERATED_SHARE) + TOLERATED_WH:
            self.blame(f"{name} is called {slot.state}, and {took_wh:.0f} Wh had flowed")
        is_early = slot.state_since < slot.ready_by and stay.left_at is None
        if slot.state != SlotState.FULFILLED and is_early:
            self.blame(f"{name} is called {slot.state} while its car is there, before its time")

    def _judge_emergency(self, claim: EmergencyRequest) -> None:
        stay = self._stay_of(claim.session)
        if (
            stay is None
            or claim.until is None
            or claim.state_since >= claim.until
            or stay.left_at is not None
        ):
            return
        took_wh = self._took_wh(stay) - claim.energy_before_wh
        if took_wh < claim.granted_wh * (1 - TOLERATED_SHARE) - TOLERATED_WH:
            name = f"the emergency of {claim.granted_wh} Wh at {stay.station}"
            self.blame(f"{name} is called done, and {took_wh:.0f} Wh had flowed")

    def _judge_open(self, now: datetime) -> None:
        for slot in SlotRequest.objects.filter(state=SlotState.ACTIVE).select_related("session"):
            stay = self._stay_of(slot.session)
            if stay is not None and self._is_long_over(stay):
                self._blame_once(slot.pk, f"a slot at {stay.station} is open, and its car has left")
        for slot in SlotRequest.objects.filter(state__in=WAITING_SLOT_STATES, ready_by__lt=now - ENDS_WITHIN):
            self._blame_once(slot.pk, f"a slot waits that was to be ready by {slot.ready_by:%H:%M}")
        over = EmergencyRequest.objects.filter(state=EmergencyState.ACCEPTED, until__lt=now - ENDS_WITHIN)
        for claim in over:
            self._blame_once(claim.pk, f"an emergency goes on beyond its time, {claim.until:%H:%M}")

    def _is_long_over(self, stay: Stay) -> bool:
        if stay.left_at is None or time.time() - stay.left_at < ENDS_WITHIN.total_seconds():
            return False
        return is_told(self.world, self.world.site.charge_points[stay.station], stay.transactions)

    def _blame_once(self, key: UUID, sentence: str) -> None:
        if key not in self._done:
            self._done.add(key)
            self.blame(sentence)

    def _stay_of(self, session: Session | None) -> Stay | None:
        if session is None:
            return None
        keys = {session.transaction_uid, session.transaction_id} - {"", None}
        for stay in self.world.site.stays:
            if any(keys & {each.ref, each.server_id} for each in stay.transactions):
                return stay
        return None

    def _took_wh(self, stay: Stay) -> float:
        ended_wh = self.world.site.ended_wh
        connector = self.world.site.charge_points[stay.station].connectors[stay.connector]
        return sum(
            ended_wh.get(each.ref, connector.register_wh - each.meter_start_wh) for each in stay.transactions
        )
