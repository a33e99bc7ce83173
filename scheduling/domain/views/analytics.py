"""How fair a cluster was in a period: from the ledger, by figures that anyone can recompute."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Q, Sum

from grid.models import Cluster
from scheduling.models import FairnessEntry

MET_SHARE = 0.95
# Fewer lines would tell a driver what the neighbour did.
LEAST_FOR_DISTRIBUTION = 5


@dataclass(frozen=True, slots=True)
class DriverLine:
    driver_id: UUID
    name: str
    sessions: int
    met: int
    wanted_wh: int
    promised_wh: int
    received_wh: int
    waited_s: int
    given_up_wh: int = 0

    @property
    def due_wh(self) -> int:
        return self.wanted_wh - self.given_up_wh

    @property
    def satisfaction(self) -> float:
        """Received by wanted, less what the driver gave up; at most 1."""
        return min(1.0, self.received_wh / self.due_wh) if self.due_wh > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """Indices over the drivers' satisfaction. None where nobody charged."""

    start: datetime
    end: datetime
    sessions: int
    met_share: float | None
    jain: float | None
    gini: float | None
    satisfaction: float | None
    worst_decile: float | None
    waited_s: float | None
    lines: tuple[DriverLine, ...]


def report_fairness(cluster: Cluster, *, start: datetime, end: datetime) -> Report:
    """The period from `start` up to `end`, excluded. One query."""
    lines = _lines(cluster, start=start, end=end)
    shares = [line.satisfaction for line in lines]
    sessions = sum(line.sessions for line in lines)
    due_wh = sum(line.due_wh for line in lines)
    return Report(
        start=start,
        end=end,
        sessions=sessions,
        met_share=sum(line.met for line in lines) / sessions if sessions else None,
        jain=jain_index(shares),
        gini=gini_index(shares),
        satisfaction=sum(line.satisfaction * line.due_wh for line in lines) / due_wh if due_wh > 0 else None,
        worst_decile=worst_decile(shares),
        waited_s=sum(line.waited_s for line in lines) / sessions if sessions else None,
        lines=lines,
    )


def jain_index(shares: Sequence[float]) -> float | None:
    """(sum x)^2 / (n sum x^2): 1 when all are equal, 1/n when one has everything (Jain, Chiu, Hawe, 1984)."""
    squares = sum(share * share for share in shares)
    if not shares:
        return None
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 1.0


def gini_index(shares: Sequence[float]) -> float | None:
    """Half the mean absolute difference by the mean: 0 when all are equal."""
    total = sum(shares)
    if not shares:
        return None
    if not total:
        return 0.0
    ranked = sum(rank * share for rank, share in enumerate(sorted(shares), start=1))
    return 2 * ranked / (len(shares) * total) - (len(shares) + 1) / len(shares)


def worst_decile(shares: Sequence[float]) -> float | None:
    """Mean of the worst-off tenth, at least one."""
    if not shares:
        return None
    worst = sorted(shares)[: max(1, len(shares) // 10)]
    return sum(worst) / len(worst)


def share_deciles(shares: Sequence[float]) -> list[float] | None:
    """The 10th, 20th ... 90th percentile without names; None when there are too few to stay anonymous."""
    if len(shares) < LEAST_FOR_DISTRIBUTION:
        return None
    ranked = sorted(shares)
    return [ranked[min(len(ranked) - 1, len(ranked) * tenth // 10)] for tenth in range(1, 10)]


def _lines(cluster: Cluster, *, start: datetime, end: datetime) -> tuple[DriverLine, ...]:
    rows = (
        FairnessEntry.objects.filter(cluster=cluster, at__gte=start, at__lt=end)
        .order_by()
        .values("driver_id", "driver__name")
        .annotate(
            sessions=Count("pk"),
            met=Count("pk", filter=Q(received_wh__gte=(F("wanted_wh") - F("given_up_wh")) * MET_SHARE)),
            wanted=Sum("wanted_wh"),
            given_up=Sum("given_up_wh"),
            promised=Sum("promised_wh"),
            received=Sum("received_wh"),
            waited=Sum("waited_s"),
        )
    )
    lines = (
        DriverLine(
            driver_id=row["driver_id"],
            name=row["driver__name"],
            sessions=row["sessions"],
            met=row["met"],
            wanted_wh=row["wanted"],
            promised_wh=row["promised"],
            received_wh=row["received"],
            waited_s=row["waited"],
            given_up_wh=row["given_up"],
        )
        for row in rows
    )
    return tuple(sorted(lines, key=lambda line: (line.satisfaction, line.name, str(line.driver_id))))
