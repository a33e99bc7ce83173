"""A driver's charging by the month: energy, money, promises that were kept, and the carbon of the energy where a signal says it."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncMonth

from chargers.models import Session
from drivers.models import Driver
from grid.models import Cluster
from pricing.domain import signals
from pricing.models import BillLine, LoadProfile
from scheduling.domain.learning.aims import carbon_signal
from scheduling.enums import SlotState
from scheduling.models import SlotRequest

MOST_MONTHS: Final = 24
WH_PER_KWH: Final = 1_000


@dataclass(slots=True)
class Month:
    """`first`: its first day on the community's clock, on which a stay counts to the month that it began in.

    cost_minor: of billed stays; None without any. settled: promises that came to their end, and kept of them. carbon_g: None where
    no signal covers any of its energy; carbon_wh: the energy that it covers.
    """

    first: date
    stays: int = 0
    energy_wh: int = 0
    cost_minor: int | None = None
    settled: int = 0
    kept: int = 0
    carbon_g: int | None = None
    carbon_wh: int = 0


@dataclass(slots=True)
class _Book:
    zone: ZoneInfo
    months: dict[date, Month] = field(default_factory=dict)

    def of(self, moment: datetime | date) -> Month | None:
        day = moment.astimezone(self.zone).date() if isinstance(moment, datetime) else moment
        return self.months.get(day.replace(day=1))


def sum_months(driver: Driver, *, count: int, now: datetime) -> list[Month]:
    """The last `count` months, the running one last. A constant number of queries, and two more a cluster with a carbon signal."""
    zone = ZoneInfo(driver.community.time_zone)
    firsts = _firsts(now.astimezone(zone).date(), count)
    book = _Book(zone, {first: Month(first) for first in firsts})
    since = datetime(firsts[0].year, firsts[0].month, 1, tzinfo=zone)
    stays = Session.objects.filter(driver=driver).annotate(since=Coalesce("stay_began_at", "plugged_at"))
    _add_energy(book, stays.filter(since__gte=since))
    _add_money(book, driver, since)
    _add_promises(book, driver, since)
    _add_carbon(book, driver, since)
    return list(book.months.values())


def _firsts(today: date, count: int) -> list[date]:
    last = today.year * 12 + today.month - 1
    return [date(at // 12, at % 12 + 1, 1) for at in range(last - count + 1, last + 1)]


def _add_energy(book: _Book, stays: QuerySet[Session]) -> None:
    months = stays.filter(energy_wh__gt=0).annotate(month=TruncMonth("since", tzinfo=book.zone)).order_by()
    rows = months.values("month").annotate(wh=Sum("energy_wh"), stays=Count("stay_id", distinct=True))
    for row in rows:
        month = book.of(row["month"])
        if month is not None:
            month.energy_wh, month.stays = row["wh"], row["stays"]


def _add_money(book: _Book, driver: Driver, since: datetime) -> None:
    """Fees without a stay, of a booking or of the month itself, count where they were written."""
    began = Coalesce(F("session__stay_began_at"), F("session__plugged_at"), F("ended_at"))
    lines = BillLine.objects.filter(driver=driver).annotate(began=began).filter(began__gte=since)
    months = lines.annotate(month=TruncMonth("began", tzinfo=book.zone)).order_by()
    for row in months.values("month").annotate(minor=Sum("amount_minor")):
        month = book.of(row["month"])
        if month is not None:
            month.cost_minor = row["minor"]


def _add_promises(book: _Book, driver: Driver, since: datetime) -> None:
    kept = Q(state=SlotState.FULFILLED)
    slots = SlotRequest.objects.filter(
        kept | Q(state=SlotState.UNMET), driver=driver, promised_wh__gt=0, state_since__gte=since
    )
    months = slots.annotate(month=TruncMonth("state_since", tzinfo=book.zone)).order_by()
    rows = months.values("month").annotate(settled=Count("pk"), kept=Count("pk", filter=kept))
    for row in rows:
        month = book.of(row["month"])
        if month is not None:
            month.settled, month.kept = row["settled"], row["kept"]


def _add_carbon(book: _Book, driver: Driver, since: datetime) -> None:
    profiles = defaultdict(list)
    rows = LoadProfile.objects.filter(session__driver=driver, begins_at__gte=since).order_by("begins_at")
    for profile in rows.only("cluster_id", "begins_at", "energies_wh"):
        profiles[profile.cluster_id].append(profile)
    for cluster in Cluster.objects.filter(pk__in=profiles).select_related("community"):
        signal = carbon_signal(cluster)
        if signal is not None:
            for profile in profiles[cluster.pk]:
                _add_profile(book, profile, signals.values_between(
                    signal, start=profile.begins_at, count=len(profile.energies_wh)
                ))  # fmt: skip


def _add_profile(book: _Book, profile: LoadProfile, per_kwh_g: list[int | None]) -> None:
    month = book.of(profile.begins_at)
    if month is None:
        return
    known = [(wh, g) for wh, g in zip(profile.energies_wh, per_kwh_g, strict=True) if g is not None]
    if known:
        month.carbon_g = (month.carbon_g or 0) + round(sum(wh * g for wh, g in known) / WH_PER_KWH)
        month.carbon_wh += round(sum(wh for wh, _ in known))
