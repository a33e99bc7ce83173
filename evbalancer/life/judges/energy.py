from django.db.models import Sum

from chargers.enums import SessionState
from chargers.models import Session
from evbalancer.life.judges.judge import Judge
from evbalancer.life.truth import Taken
from pricing.models import BillLine

# What a meter rounds at a start and at an end.
ROUNDING_WH = 2
ACKNOWLEDGED = "acknowledged"


class Energy(Judge):
    """Each transaction is stored, and so is its end; it is stored and billed with what flowed, once."""

    name = "energy"

    def see_end(self) -> None:
        taken = self.world.site.taken
        sessions: dict[str | int | None, Session] = {
            row.transaction_uid or row.transaction_id: row for row in Session.objects.all()
        }
        for one in taken:
            number = one.transaction.server_id
            row = sessions.get(one.transaction.ref) or sessions.get(number)
            self._judge_transaction(one, row)
        known = {key for one in taken for key in (one.transaction.ref, one.transaction.server_id)}
        for key, row in sessions.items():
            if key is not None and key not in known:
                self.blame(f"{row} was never begun by a charge point")

    def _judge_transaction(self, one: Taken, row: Session | None) -> None:
        name = f"the transaction of {one.station} that began with {one.transaction.id_tag}"
        if row is None:
            self.blame(f"{name} is not stored", judge=ACKNOWLEDGED)
            return
        is_over = one.energy_wh is not None
        if is_over != (row.stopped_at is not None):
            sentence = f"{name} is over: {is_over}; it is stored with an end: {not is_over}"
            self.blame(sentence, judge=ACKNOWLEDGED)
        if one.energy_wh is None:
            return
        if abs(row.energy_wh - one.energy_wh) > ROUNDING_WH:
            self.blame(f"{name} took {one.energy_wh:.0f} Wh, and {row.energy_wh} Wh are stored")
        billed = BillLine.objects.filter(session=row).aggregate(total=Sum("energy_wh"))["total"]
        if row.state == SessionState.ENDED and (billed or 0) != row.energy_wh:
            self.blame(f"{name} has {row.energy_wh} Wh, and {billed} Wh are billed")
