"""A meter value that arrives after the bill: the line stands, and another line brings the sum to the right amount."""

from datetime import datetime

from django.db import transaction

from chargers.models import Session
from grid.domain.audit import SYSTEM, record_entry
from pricing.domain import tariffs
from pricing.domain.billing import part_of, rate_session, words_of
from pricing.enums import LineKind
from pricing.models import BillLine
from pricing.rating.energy import BilledPrices, Part, amount_minor, costs_throughout


@transaction.atomic
def adjust_bill_line(session: Session, *, now: datetime) -> BillLine | None:
    """The difference of energy and amount to what was billed, by the prices of the bill. None where there is none."""
    lines = list(
        BillLine.objects.filter(session=session, kind__in=(LineKind.ENERGY, LineKind.ADJUSTMENT))
        .select_related("tariff")
        .order_by("created_at")
    )
    billed = next((line for line in lines if line.kind == LineKind.ENERGY), None)
    if billed is None or session.started_at is None:
        return None
    ended_at = max(session.stopped_at or now, session.started_at)
    parts = _parts(billed, session, until=ended_at)
    was = {
        "energy_wh": sum(line.energy_wh for line in lines),
        "amount_minor": sum(line.amount_minor for line in lines),
    }
    owed = {"energy_wh": session.energy_wh, "amount_minor": amount_minor(parts)}
    if owed == was:
        return None
    line: BillLine = BillLine.objects.create(
        community_id=billed.community_id,
        session=session,
        driver_id=billed.driver_id,
        tariff=billed.tariff,
        kind=LineKind.ADJUSTMENT,
        energy_wh=owed["energy_wh"] - was["energy_wh"],
        amount_minor=owed["amount_minor"] - was["amount_minor"],
        currency=billed.currency,
        started_at=session.started_at,
        ended_at=ended_at,
        parts=[words_of(part) for part in parts],
    )
    record_entry(
        actor=SYSTEM,
        action="bill.adjusted",
        target=line,
        now=now,
        before=was,
        after=owed,
        reason="The charger told its meter after the bill.",
    )
    return line


def _parts(billed: BillLine, session: Session, *, until: datetime) -> list[Part]:
    """The energy as it is known now, by the prices that the bill was made of.

    The tariff may have been edited since. Where it has not, it also prices what lies beyond the bill's own hours.
    """
    if billed.tariff is None:
        return []
    priced = tuple(part_of(words) for words in billed.parts)
    prices = tariffs.prices_of(billed.tariff, time_zone=session.community.time_zone)
    is_edited = any(not costs_throughout(part, prices) for part in priced)
    return rate_session(session, BilledPrices(priced) if is_edited else prices, until=until)
