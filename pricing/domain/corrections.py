"""A meter value that arrives after the bill: the line stands, and another line brings the sum to the right amount."""

from datetime import datetime
from typing import Any

from django.db import transaction

from chargers.models import Session
from grid.domain.audit import SYSTEM, record_entry
from pricing.domain.billing import minor_of, rate_session, register_of, words_of
from pricing.domain.curve_bills import words_of_part
from pricing.enums import LineKind
from pricing.models import BillLine
from pricing.rating.billed import BilledPart, amount_minor, split_as_billed


@transaction.atomic
def adjust_bill_line(session: Session, *, now: datetime) -> BillLine | None:
    """The difference of energy and amount to what was billed, by the prices of the bill. None where there is none."""
    lines = list(
        BillLine.objects.filter(session=session, kind__in=(LineKind.ENERGY, LineKind.ADJUSTMENT))
        .select_related("tariff", "version")
        .order_by("created_at")
    )
    billed = next((line for line in lines if line.kind == LineKind.ENERGY), None)
    if billed is None or session.started_at is None:
        return None
    ended_at = max(session.stopped_at or now, session.started_at)
    owed_minor, parts = _owed(billed, session, until=ended_at)
    was = {
        "energy_wh": sum(line.energy_wh for line in lines),
        "amount_minor": sum(line.amount_minor for line in lines),
    }
    owed = {"energy_wh": session.energy_wh, "amount_minor": owed_minor}
    if owed == was:
        return None
    line: BillLine = BillLine.objects.create(
        community_id=billed.community_id,
        session=session,
        driver_id=billed.driver_id,
        tariff=billed.tariff,
        version=billed.version,
        kind=LineKind.ADJUSTMENT,
        energy_wh=owed["energy_wh"] - was["energy_wh"],
        amount_minor=owed["amount_minor"] - was["amount_minor"],
        currency=billed.currency,
        started_at=session.started_at,
        ended_at=ended_at,
        parts=parts,
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


def _owed(billed: BillLine, session: Session, *, until: datetime) -> tuple[int, list[dict[str, Any]]]:
    """The cost of the session as it is known now, by the version that the bill names, and its parts.

    A bill that names none was made of published prices, or before versions were kept: its own prices hold.
    """
    if billed.version is not None:
        rated = rate_session(session, billed.version, until=until)
        return minor_of(rated.total), words_of(rated)
    parts = split_as_billed(register_of(session, until), [_part_of(words) for words in billed.parts])
    return amount_minor(parts), [words_of_part(part) for part in parts]


def _part_of(words: dict[str, Any]) -> BilledPart:
    """The part that a bill keeps."""
    return BilledPart(
        datetime.fromisoformat(words["start"]),
        datetime.fromisoformat(words["end"]),
        words["energy_wh"],
        words["price_per_mwh_minor"],
    )
