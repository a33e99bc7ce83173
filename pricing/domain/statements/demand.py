"""The demand charge of a connection, shared over the drivers of a month. Written when the month is drafted, from stored rows alone."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5

from chargers.models import MeterValue, Session
from grid.domain.audit import Actor, record_entry
from grid.models import Cluster, Community
from pricing.domain import signals
from pricing.domain.reports.peaks import PER_HOUR, read_loads
from pricing.domain.statements.lines import month_after, month_begin
from pricing.domain.statements.monthly import MINOR, MONTHS, SECOND
from pricing.enums import DemandSharing, LineKind
from pricing.models import BillLine, DemandCharge, LoadProfile
from pricing.rating.demand import W_PER_KW, Shares, share_by_energy, share_by_power
from pricing.signals.series import QUARTER

PRICE_DIGITS: Final = Decimal("0.000001")


@dataclass(slots=True)
class Part:
    """What a driver took: in the month, and on average in its highest quarter of an hour.

    `is_partial`: the car charged in a part of that quarter. `is_estimated`: no meter value of the car is from within it.
    """

    energy_wh: int = 0
    power_w: int = 0
    is_partial: bool = False
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class Sharing:
    """A month's charge, shared. Under None are cars of nobody known: the community keeps their part, with the building's.

    `is_counted`: the connection was counted in the quarter; else its load is the cars and the building's usual curve.
    `unmeasured`: sessions that have no load profile, for example because they still run.
    """

    charge: DemandCharge
    begin: datetime
    end: datetime
    quarter: datetime
    peak_w: int
    is_counted: bool
    unmeasured: int
    parts: Mapping[UUID | None, Part]
    shares: Shares[UUID | None] = field(repr=False)

    @property
    def cars_w(self) -> int:
        return sum(part.power_w for part in self.parts.values())

    @property
    def energy_wh(self) -> int:
        return sum(part.energy_wh for part in self.parts.values())

    @property
    def kept_minor(self) -> int:
        return self.shares.kept_minor + self.shares.of_each.get(None, 0)


def charge_of_month(cluster: Cluster | UUID, *, month: date) -> DemandCharge | None:
    """The one in force: the newest that begins with the month or before."""
    rows = DemandCharge.objects.filter(cluster=cluster, first_day__lte=month.replace(day=1))
    return rows.select_related("cluster__community").order_by("-first_day").first()


def share_charge(charge: DemandCharge, *, month: date, now: datetime) -> Sharing | None:
    """The charge of the month that holds a day, up to now. None without a peak: no circuit is known, or nothing flowed."""
    cluster = charge.cluster
    zone = cluster.community.time_zone
    begin = month_begin(month, zone)
    end = min(month_begin(month_after(month), zone), now)
    start = signals.quarter_of(begin)
    count = max(0, (end - start) // QUARTER)
    profiles = list(
        LoadProfile.objects.filter(cluster=cluster, ended_at__gt=begin, begins_at__lt=end)
        .select_related("session")
        .order_by("pk")
    )
    loads = read_loads(cluster, profiles, start=start, count=count)
    if loads is None or not max(loads.actual_w, default=0):
        return None
    peak = loads.actual_w.index(max(loads.actual_w))
    parts = _parts(profiles, start=start, count=count, peak=peak)
    return Sharing(
        charge=charge,
        begin=begin,
        end=end,
        quarter=start + peak * QUARTER,
        peak_w=loads.actual_w[peak],
        is_counted=peak in loads.counted,
        unmeasured=_unmeasured(cluster, profiles, begin=begin, end=end),
        parts=parts,
        shares=_shares(charge, loads.actual_w[peak], parts),
    )


def write_demand(community: Community, *, month: date, by: Actor, now: datetime) -> None:
    """The lines of a month that is over: again with each draft, until one of them is issued. Then all of them stand."""
    for cluster in Cluster.objects.filter(community=community):
        charge = charge_of_month(cluster, month=month)
        begin = month_begin(month, community.time_zone)
        end = month_begin(month_after(month), community.time_zone)
        lines = BillLine.objects.filter(
            kind=LineKind.DEMAND, cluster=cluster, started_at__gte=begin, started_at__lt=end
        )
        if lines.exclude(statement_items=None).exists():
            continue
        lines.filter(waiver=None).delete()
        if charge is None or charge.sharing == DemandSharing.NOBODY:
            continue
        sharing = share_charge(charge, month=month, now=now)
        if sharing is None:
            continue
        BillLine.objects.bulk_create(_lines(sharing), ignore_conflicts=True)
        record_entry(
            actor=by, action="demand_charge.shared", target=charge, now=now, after=_facts(sharing, month)
        )


def _parts(
    profiles: Iterable[LoadProfile], *, start: datetime, count: int, peak: int
) -> dict[UUID | None, Part]:
    """By driver, in an order that is always the same."""
    quarter = start + peak * QUARTER
    found: dict[UUID | None, Part] = defaultdict(Part)
    within: dict[UUID, Part] = {}
    for row in profiles:
        offset = (row.begins_at - start) // QUARTER
        part = found[row.session.driver_id]
        for at, energy_wh in enumerate(row.energies_wh, start=offset):
            if 0 <= at < count:
                part.energy_wh += energy_wh
        if offset <= peak < offset + len(row.energies_wh) and row.energies_wh[peak - offset]:
            part.power_w += row.energies_wh[peak - offset] * PER_HOUR
            part.is_partial |= _charged_in_part(row, quarter)
            part.is_estimated |= bool(row.session.energy_doubt)
            within[row.session_id] = part
    for session_id in set(within) - _metered_within(within, quarter):
        within[session_id].is_estimated = True
    return dict(sorted(found.items(), key=lambda entry: str(entry[0])))


def _charged_in_part(row: LoadProfile, quarter: datetime) -> bool:
    started_at = row.session.started_at or row.begins_at
    return started_at > quarter or row.ended_at < quarter + QUARTER


def _metered_within(session_ids: Collection[UUID], quarter: datetime) -> set[UUID | None]:
    rows = MeterValue.objects.filter(
        session__in=session_ids,
        energy_wh__isnull=False,
        quarantine="",
        measured_at__gte=quarter,
        measured_at__lte=quarter + QUARTER,
    )
    return set(rows.order_by().values_list("session_id", flat=True).distinct())


def _unmeasured(
    cluster: Cluster, profiles: Collection[LoadProfile], *, begin: datetime, end: datetime
) -> int:
    here = Session.objects.filter(connector__charge_point__cluster=cluster, started_at__lt=end)
    sessions = here.exclude(stopped_at__lt=begin)
    return sessions.exclude(pk__in=[row.session_id for row in profiles]).count()


def _shares(charge: DemandCharge, peak_w: int, parts: Mapping[UUID | None, Part]) -> Shares[UUID | None]:
    if charge.sharing == DemandSharing.ENERGY:
        energies_wh = {who: part.energy_wh for who, part in parts.items()}
        cars_w = sum(part.power_w for part in parts.values())
        return share_by_energy(peak_w, cars_w, energies_wh, per_kw_minor=charge.per_kw_minor)
    powers_w = {who: part.power_w for who, part in parts.items()}
    return share_by_power(peak_w, powers_w, per_kw_minor=charge.per_kw_minor)


def _lines(sharing: Sharing) -> Iterable[BillLine]:
    charge, is_by_peak = sharing.charge, sharing.charge.sharing == DemandSharing.PEAK
    started_at = max(sharing.begin, sharing.quarter) if is_by_peak else sharing.begin
    ended_at = min(sharing.quarter + QUARTER, sharing.end - SECOND) if is_by_peak else sharing.end - SECOND
    for driver_id, amount_minor in sharing.shares.of_each.items():
        if driver_id is None or not amount_minor:
            continue
        yield BillLine(
            community=charge.cluster.community,
            about_id=uuid5(MONTHS, f"{driver_id}:{charge.cluster_id}:{sharing.begin:%Y-%m}"),
            cluster=charge.cluster,
            driver_id=driver_id,
            kind=LineKind.DEMAND,
            amount_minor=amount_minor,
            currency=charge.cluster.community.currency,
            started_at=started_at,
            ended_at=ended_at,
            parts=[_words(sharing, driver_id, amount_minor)],
        )


def _words(sharing: Sharing, driver_id: UUID, amount_minor: int) -> dict[str, Any]:
    """The arithmetic as the line keeps it."""
    part, charge = sharing.parts[driver_id], sharing.charge
    words = {
        "kind": LineKind.DEMAND.upper(),
        "place": str(charge.cluster),
        "sharing": charge.sharing,
        "quarter": sharing.quarter.isoformat(),
        "peak_w": sharing.peak_w,
        "cars_w": sharing.cars_w,
        "per_kw_minor": charge.per_kw_minor,
        "charge_minor": sharing.shares.charge_minor,
        "is_counted": sharing.is_counted,
        "amount_minor": amount_minor,
    }
    if charge.sharing == DemandSharing.ENERGY:
        cars_minor, all_wh = sharing.shares.cars_minor, sharing.energy_wh
        price = Decimal(cars_minor) * W_PER_KW / MINOR / all_wh
        return words | {
            "cars_minor": cars_minor,
            "shared_wh": part.energy_wh,
            "all_wh": all_wh,
            "price": str(price.quantize(PRICE_DIGITS)),
        }
    price = Decimal(charge.per_kw_minor) / MINOR
    if sharing.cars_w > sharing.peak_w:
        price = price * sharing.peak_w / sharing.cars_w
    return words | {
        "watts": part.power_w,
        "is_partial": part.is_partial,
        "is_estimated": part.is_estimated,
        "price": str(price.quantize(PRICE_DIGITS)),
    }


def _facts(sharing: Sharing, month: date) -> dict[str, Any]:
    return {
        "month": f"{month:%Y-%m}",
        "quarter": sharing.quarter,
        "peak_w": sharing.peak_w,
        "cars_w": sharing.cars_w,
        "charge_minor": sharing.shares.charge_minor,
        "kept_minor": sharing.kept_minor,
        "drivers": sum(1 for who, minor in sharing.shares.of_each.items() if who and minor),
    }
