"""What a month has beside its sessions: each driver's fixed share, and the energy that is free. Written when the month is drafted."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum

from chargers.models import Session
from drivers.domain.belonging import match_belonging
from drivers.models import Driver
from grid.models import Community
from pricing.domain.choice import PersonalPrices
from pricing.domain.statements.lines import find_open_lines, month_after, month_begin
from pricing.enums import LineKind
from pricing.models import BillLine, TariffVersion
from pricing.rating.apportion import apportion
from pricing.rating.priced import round_half_up
from pricing.rating.weekly import PER_KWH

MINOR: Final = 100
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
# Of the ids of what is charged for a month; a driver and a month give the same one always.
MONTHS: Final = UUID("5f0c39c1-58a5-4c0c-8a8e-1f6a0f2d9c11")


@dataclass(frozen=True, slots=True)
class Days:
    """The local days of a month with the moments at which they begin. Of each, the tariff in force then counts."""

    community: Community
    begin: datetime
    end: datetime
    days: tuple[date, ...]
    midnights: tuple[datetime, ...]
    prices: PersonalPrices

    @classmethod
    def of(cls, community: Community, month: date) -> "Days":
        first, after = month.replace(day=1), month_after(month)
        zone = ZoneInfo(community.time_zone)
        days = tuple(first + index * DAY for index in range((after - first).days))
        midnights = tuple(datetime(day.year, day.month, day.day, tzinfo=zone) for day in days)
        begin, end = month_begin(first, zone.key), month_begin(after, zone.key)
        return cls(community, begin, end, days, midnights, PersonalPrices(community, begin=begin, end=end))

    def present(self, driver: Driver) -> list[TariffVersion | None]:
        """The versions of the days on which the driver belonged to the community, the first and the last one included."""
        zone = self.begin.tzinfo
        since = driver.created_at.astimezone(zone).date()
        until = driver.retired_at.astimezone(zone).date() if driver.retired_at is not None else date.max
        return [
            self.prices.version(driver, at=midnight)
            for day, midnight in zip(self.days, self.midnights, strict=True)
            if since <= day <= until
        ]


def free_left_wh(driver: Driver, *, now: datetime) -> int | None:
    """What is left of a driver's free energy of the month, running sessions counted; None where none is free."""
    community = driver.community
    if not TariffVersion.objects.filter(community=community, free_wh_per_month__gt=0).exists():
        return None
    days = Days.of(community, now.astimezone(ZoneInfo(community.time_zone)).date())
    today = days.prices.version(driver, at=now)
    if today is None or not today.free_wh_per_month:
        return None
    present = [each for each in days.present(driver) if each is not None]
    free_wh = sum(each.free_wh_per_month for each in present) // len(days.days)
    billed = BillLine.objects.filter(driver=driver, kind__in=BillLine.METERED, ended_at__gte=days.begin)
    running = Session.objects.filter(driver=driver, started_at__isnull=False, stopped_at=None)
    used_wh = sum(int(rows.aggregate(sum=Sum("energy_wh"))["sum"] or 0) for rows in (billed, running))
    return max(0, free_wh - used_wh)


def write_monthly(community: Community, *, month: date) -> None:
    """The lines of a month that is over. A share is written once; an allowance again as long as no statement of it is issued."""
    asked = Q(monthly_share_minor__gt=0) | Q(free_wh_per_month__gt=0)
    if not TariffVersion.objects.filter(asked, community=community).exists():
        return
    days = Days.of(community, month)
    _write_shares(days)
    stale = BillLine.objects.filter(community=community, kind=LineKind.ALLOWANCE, started_at=days.begin)
    stale.filter(statement_items=None).delete()
    _write_allowances(days)


def _write_shares(days: Days) -> None:
    """Each day on which a driver belongs costs its part of the share that was in force when it began; rounded once."""
    drivers = Driver.objects.filter(
        match_belonging() | Q(retired_at__gte=days.begin), community=days.community, created_at__lt=days.end
    )
    lines = []
    for driver in drivers:
        counted: dict[tuple[TariffVersion, int], int] = defaultdict(int)
        for version in days.present(driver):
            if version is not None and version.monthly_share_minor:
                counted[version, version.monthly_share_minor] += 1
        exact = [Fraction(minor * count, len(days.days)) for (_, minor), count in counted.items()]
        total_minor = int(round_half_up(sum(exact, Fraction(0)), 0))
        if not total_minor:
            continue
        parts = [
            {
                "kind": LineKind.MONTHLY.upper(),
                "days": count,
                "price": str((Decimal(minor) / MINOR / len(days.days)).quantize(Decimal("0.000001"))),
                "amount_minor": amount_minor,
            }
            for ((_, minor), count), amount_minor in zip(
                counted.items(), apportion(total_minor, exact), strict=True
            )
        ]
        newest = list(counted)[-1][0]
        lines.append(_line(days, driver.pk, newest, LineKind.MONTHLY, parts))
    BillLine.objects.bulk_create(lines, ignore_conflicts=True)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Energy at one price: what a Wh of it costs, with taxes, in cents."""

    each: Fraction
    begin: str
    energy_wh: int
    vat: str | None


def _write_allowances(days: Days) -> None:
    """The cheapest energy of a driver's month is free first, the earlier one of equal prices; never more than it cost."""
    rows: dict[UUID, list[BillLine]] = defaultdict(list)
    for line in find_open_lines(days.community, before=days.end):
        if line.driver_id is not None and line.kind in BillLine.METERED and line.ended_at >= days.begin:
            rows[line.driver_id].append(line)
    drivers = {driver.pk: driver for driver in Driver.objects.filter(pk__in=rows)}
    lines = []
    for driver_id, found in rows.items():
        present = [each for each in days.present(drivers[driver_id]) if each is not None]
        free_wh = sum(each.free_wh_per_month for each in present) // len(days.days)
        taken = _cheapest(_pieces(found), free_wh)
        total_minor = int(round_half_up(sum((each.each * each.energy_wh for each in taken), Fraction(0)), 0))
        if total_minor:
            lines.append(_line(days, driver_id, present[-1], LineKind.ALLOWANCE, _parts(taken, total_minor)))
    BillLine.objects.bulk_create(lines, ignore_conflicts=True)


def _pieces(lines: Sequence[BillLine]) -> list[_Piece]:
    """The energy of sessions, at what it was billed for. The newest line of a session has all of its parts."""
    sessions: dict[UUID | None, list[BillLine]] = defaultdict(list)
    for line in lines:
        sessions[line.session_id].append(line)
    pieces = []
    for found in sessions.values():
        if all(line.kind != LineKind.ENERGY for line in found):
            # A correction of a session that was billed before: its month is over.
            continue
        parts = [part for part in found[-1].parts if isinstance(part, dict) and part.get("energy_wh")]
        exact = [Fraction(part["amount_minor"]) if "amount_minor" in part else _exact(part) for part in parts]
        total = sum(exact, Fraction(0))
        billed_minor = sum(line.amount_minor for line in found)
        whole = Fraction(max(0, billed_minor))
        if any("amount_minor" in part for part in parts):
            # Fees are in the bill, too; and a bound of the whole price may have taken something off.
            whole = min(total, whole)
        for part, value in zip(parts, exact, strict=True):
            each = value * whole / total / part["energy_wh"] if total else Fraction(0)
            pieces.append(_Piece(each, str(part.get("start", "")), part["energy_wh"], part.get("vat")))
    return pieces


def _exact(part: dict[str, Any]) -> Fraction:
    return Fraction(str(part["price_per_mwh_minor"])) * Fraction(part["energy_wh"], PER_KWH * 10)


def _cheapest(pieces: Iterable[_Piece], free_wh: int) -> list[_Piece]:
    taken = []
    for piece in sorted(pieces, key=lambda each: (each.each, each.begin)):
        energy_wh = min(free_wh, piece.energy_wh)
        if energy_wh > 0:
            taken.append(_Piece(piece.each, piece.begin, energy_wh, piece.vat))
            free_wh -= energy_wh
    return taken


def _parts(taken: Sequence[_Piece], total_minor: int) -> list[dict[str, Any]]:
    amounts = apportion(total_minor, [piece.each * piece.energy_wh for piece in taken])
    return [
        {
            "kind": LineKind.ALLOWANCE.upper(),
            "free_wh": -piece.energy_wh,
            "price": str(round_half_up(piece.each * Fraction(1000, MINOR), 6)),
            "vat": piece.vat,
            "amount_minor": -amount_minor,
        }
        for piece, amount_minor in zip(taken, amounts, strict=True)
    ]


def _line(
    days: Days,
    driver_id: UUID,
    version: TariffVersion,
    kind: LineKind,
    parts: list[dict[str, Any]],
) -> BillLine:
    return BillLine(
        community=days.community,
        about_id=uuid5(MONTHS, f"{driver_id}:{days.days[0]:%Y-%m}"),
        driver_id=driver_id,
        tariff=version.tariff,
        version=version,
        kind=kind,
        amount_minor=sum(part["amount_minor"] for part in parts),
        currency=days.community.currency,
        started_at=days.begin,
        ended_at=days.end - SECOND,
        parts=parts,
    )
