"""Which bill lines wait for a statement, and who gets them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, OuterRef, Q

from chargers.models import Session
from grid.models import Community
from pricing.enums import LineKind, StatementState
from pricing.models import BillingDetails, BillLine


@dataclass(frozen=True, slots=True)
class Recipient:
    """A driver or a flat; neither for what nobody was known to have charged, which the community keeps."""

    driver_id: UUID | None
    flat_id: UUID | None
    currency: str


def month_begin(month: date, time_zone: str) -> datetime:
    return datetime.combine(month.replace(day=1), time(0), tzinfo=ZoneInfo(time_zone))


def month_after(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def month_before(month: date) -> date:
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def find_open_lines(community: Community, *, before: datetime) -> list[BillLine]:
    """The lines of what ended before, and that no statement has: a draft counts, one that was taken back does not. None is waived.

    A correction has the end of its session. One that comes after its month was issued is therefore found by the next month. Each line has
    `billed`: on how many statements it stood that were taken back.
    """
    rows = BillLine.objects.filter(community=community, ended_at__lt=before, waiver=None)
    rows = rows.annotate(
        billed=Count("statement_items", distinct=True),
        taken_back=Count("statement_items__reversed_by", distinct=True),
    )
    rows = rows.filter(billed=F("taken_back")).select_related("driver__flat")
    return list(rows.order_by("started_at", "created_at", "pk"))


def find_unsettled(session_ids: Collection[UUID]) -> set[UUID]:
    """Sessions whose bill may still be looked into: without a bill, or with a line that no issued statement has.

    Where nobody issues statements, a bill settles its session.
    """
    started = Session.objects.filter(pk__in=session_ids, started_at__isnull=False)
    billed = BillLine.objects.filter(session=OuterRef("pk"), kind=LineKind.ENERGY)
    unbilled = started.filter(~Exists(billed)).values_list("pk", flat=True)
    issuing = BillingDetails.objects.filter(community=OuterRef("community"))
    lines = BillLine.objects.filter(Exists(issuing), session__in=session_ids, waiver=None).annotate(
        issued=Count(
            "statement_items",
            filter=Q(statement_items__statement__state=StatementState.ISSUED),
            distinct=True,
        ),
        taken_back=Count("statement_items__reversed_by", distinct=True),
    )
    waiting = lines.filter(issued__lte=F("taken_back")).values_list("session_id", flat=True)
    return {*unbilled, *(session_id for session_id in waiting if session_id is not None)}


def by_recipient(lines: Iterable[BillLine]) -> dict[Recipient, list[BillLine]]:
    """In the order of the drivers' names, so that a stack of paper is easy to hand out."""
    found: dict[Recipient, list[BillLine]] = {}
    for line in sorted(lines, key=_name_of):
        found.setdefault(_recipient(line), []).append(line)
    return found


def _recipient(line: BillLine) -> Recipient:
    driver = line.driver
    if driver is not None and driver.flat is not None and driver.flat.billed_together:
        return Recipient(None, driver.flat_id, line.currency)
    return Recipient(line.driver_id, None, line.currency)


def _name_of(line: BillLine) -> str:
    return line.driver.name.casefold() if line.driver is not None else ""
