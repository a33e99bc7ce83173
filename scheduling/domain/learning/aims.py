"""What a cluster's slack is used for this month, and the prices, the carbon or the peak that it is planned by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from evbalancer.common.db.locks import lock_cluster
from evbalancer.common.db.prepared import One, prepared
from evbalancer.common.errors import InvalidInput, invalid_row
from evbalancer.common.waking import wake_balancer
from grid.domain import audit, demand
from grid.domain.topology import Tree
from grid.models import Cluster
from pricing.domain import curves, signals
from pricing.domain.choice import active_policy
from pricing.enums import SignalQuantity
from pricing.models import EnergySignal
from scheduling.enums import ClusterAim
from scheduling.models import AimSeason
from scheduling.solver.problem import Aim

# A day: nothing that comes later changes what is best now.
AHEAD: Final = 96


@dataclass(frozen=True, slots=True)
class Aimed:
    """An aim in the solver's words. Prices and carbon have an entry for each quarter, the first for the one that runs."""

    aim: Aim = Aim.NONE
    price: tuple[float, ...] = ()
    carbon: tuple[float, ...] = ()
    peak_w: float = 0.0


NO_AIM: Final = Aimed()


@dataclass(frozen=True, slots=True)
class Season:
    """An aim from a month to another, both included, over the turn of the year too."""

    aim: ClusterAim
    first_month: int = 1
    last_month: int = 12


def read_aim(cluster: Cluster, tree: Tree, *, now: datetime) -> Aimed:
    """The aim of this month with what it needs to know; none where that is not known."""
    aim = aim_at(cluster, at=now)
    if aim is Aim.NONE:
        return NO_AIM
    if aim is Aim.PEAK:
        billed = demand.read_billed_peak(tree.root, now=now)
        return Aimed(aim, peak_w=float(billed.month_peak_w) if billed is not None else 0.0)
    start = signals.quarter_of(now)
    if aim is Aim.PRICE:
        price = tuple(curves.prices_ahead(cluster, start=start, count=AHEAD))
        return Aimed(aim, price=price) if price else NO_AIM
    carbon = carbon_ahead(cluster, start=start, count=AHEAD)
    return Aimed(aim, carbon=carbon) if carbon else NO_AIM


def aim_at(cluster: Cluster, *, at: datetime) -> Aim:
    """The aim of the month that a moment is in, by the community's clock."""
    seasons = _seasons(cluster_id=cluster.pk)
    month = at.astimezone(ZoneInfo(cluster.community.time_zone)).month
    return next((Aim(season.aim) for season in seasons if month in season.months), Aim.NONE)


@prepared
def _seasons(cluster_id: One) -> QuerySet[AimSeason]:
    return AimSeason.objects.filter(cluster=cluster_id)


def carbon_ahead(cluster: Cluster, *, start: datetime, count: int) -> tuple[float, ...]:
    """g per kWh of each quarter, as far as it is known without a gap; nothing where not even the first is."""
    signal = carbon_signal(cluster)
    if signal is None:
        return ()
    values = signals.values_between(signal, start=start, count=count)
    known = next((at for at, value in enumerate(values) if value is None), count)
    return tuple(float(value or 0) for value in values[:known])


def carbon_signal(cluster: Cluster) -> EnergySignal | None:
    """The one that the cluster's price follows, else the only one of its community."""
    policy = active_policy(cluster)
    return policy.carbon if policy is not None and policy.carbon is not None else _only_signal(cluster)


def _only_signal(cluster: Cluster) -> EnergySignal | None:
    rows = EnergySignal.objects.filter(
        community=cluster.community_id, quantity=SignalQuantity.CARBON, active=True
    )
    found = list(rows[:2])
    return found[0] if len(found) == 1 else None


@transaction.atomic
def choose_aims(
    cluster: Cluster, seasons: Sequence[Season], *, actor: audit.Actor, reason: str, now: datetime
) -> list[AimSeason]:
    """Replace a cluster's aims by these. Audited; the balancer follows at once. Raises InvalidInput, and changes nothing then."""
    lock_cluster(cluster.pk)
    before = list(AimSeason.objects.filter(cluster=cluster))
    wanted = [
        AimSeason(
            community_id=cluster.community_id,
            cluster=cluster,
            aim=season.aim,
            first_month=season.first_month,
            last_month=season.last_month,
        )
        for season in seasons
    ]
    for at, row in enumerate(wanted):
        try:
            row.full_clean()
            check_season(row, beside=wanted[:at])
        except ValidationError as error:
            raise InvalidInput("seasons", str(invalid_row(error))) from error
    AimSeason.objects.filter(cluster=cluster).delete()
    AimSeason.objects.bulk_create(wanted)
    audit.record_entry(
        actor=actor,
        action="aims.chosen",
        target=cluster,
        before={"aims": [str(row) for row in before]},
        after={"aims": [str(row) for row in wanted]},
        reason=reason,
        now=now,
    )
    wake_balancer(cluster.pk)
    return wanted


def check_season(season: AimSeason, *, beside: Sequence[AimSeason]) -> None:
    """Raise ValidationError where another season has one of its months."""
    for other in beside:
        shared = sorted(season.months & other.months)
        if shared:
            raise ValidationError(
                gettext("Month %(shared)s has an aim already: %(other)s.")
                % {"shared": shared[0], "other": other}
            )
