"""Meter values become means of five minutes, and those become means of an hour: what was metered stays, in fewer rows.

A row is found by what it stands for. Values that come late are therefore added to the means that stand there already.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Self
from uuid import UUID, uuid5

from django.db.models import F

from chargers.enums import SessionState
from chargers.models import MeterMean, MeterValue, Session
from evbalancer.common.db.batches import Batch, Ledger, RowsMoved
from grid.domain.retention.periods import Periods

FIVE_MINUTES_S: Final = 300
HOUR_S: Final = 3_600
_NAMES: Final = UUID("0d6f2f0e-5d0a-4a54-9a3c-6a1f5f1c7e21")

# Which of these ended sessions still need every value. Bills are known above, and say so.
FindNeeded = Callable[[Collection[UUID]], set[UUID]]


@dataclass(frozen=True, slots=True)
class Figures:
    """The columns of a mean beside its key."""

    values: int
    set_aside: int
    first_at: datetime | None = None
    first_wh: int | None = None
    last_at: datetime | None = None
    last_wh: int | None = None
    power_w: int | None = None
    most_power_w: int | None = None
    powers: int = 0
    current_l1_ma: int | None = None
    current_l2_ma: int | None = None
    current_l3_ma: int | None = None
    currents: int = 0
    charge_pct: int | None = None

    @classmethod
    def of_value(cls, value: MeterValue) -> Self:
        """A value that was set aside is counted, and nothing else of it is believed."""
        if value.quarantine:
            return cls(values=1, set_aside=1)
        currents_ma = (value.current_l1_ma, value.current_l2_ma, value.current_l3_ma)
        at = None if value.energy_wh is None else value.measured_at
        return cls(
            1, 0, at, value.energy_wh, at, value.energy_wh,
            power_w=value.power_w, most_power_w=value.power_w, powers=int(value.power_w is not None),
            current_l1_ma=currents_ma[0], current_l2_ma=currents_ma[1], current_l3_ma=currents_ma[2],
            currents=int(any(each is not None for each in currents_ma)), charge_pct=value.charge_pct,
        )  # fmt: skip

    @classmethod
    def of_mean(cls, row: MeterMean) -> Self:
        return cls(**{name: getattr(row, name) for name in COLUMNS})

    def joined(self, later: Self) -> Self:
        """Both as one. Of two registers of one moment the higher is the later."""
        powers, currents = self.powers + later.powers, self.currents + later.currents
        registers = sorted(
            (at, wh)
            for at, wh in (
                (self.first_at, self.first_wh),
                (self.last_at, self.last_wh),
                (later.first_at, later.first_wh),
                (later.last_at, later.last_wh),
            )
            if at is not None and wh is not None
        )
        (first_at, first_wh), (last_at, last_wh) = (
            (registers[0], registers[-1]) if registers else ((None, None), (None, None))
        )
        most_w = [each for each in (self.most_power_w, later.most_power_w) if each is not None]
        phases_ma = {
            name: _mean(getattr(self, name), self.currents, getattr(later, name), later.currents)
            for name in ("current_l1_ma", "current_l2_ma", "current_l3_ma")
        }
        return replace(
            self,
            values=self.values + later.values,
            set_aside=self.set_aside + later.set_aside,
            first_at=first_at,
            first_wh=first_wh,
            last_at=last_at,
            last_wh=last_wh,
            power_w=_mean(self.power_w, self.powers, later.power_w, later.powers),
            most_power_w=max(most_w, default=None),
            powers=powers,
            **phases_ma,
            currents=currents,
            charge_pct=self.charge_pct if later.charge_pct is None else later.charge_pct,
        )


COLUMNS: Final = tuple(Figures.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Key:
    """What a mean stands for."""

    community_id: UUID
    connector_id: UUID
    session_id: UUID | None
    begins_at: datetime
    span_s: int

    @property
    def pk(self) -> UUID:
        of = self.session_id or self.connector_id
        return uuid5(_NAMES, f"{of}:{self.span_s}:{int(self.begins_at.timestamp())}")


def values_ledger(periods: Periods, *, find_needed: FindNeeded) -> Ledger:
    """Meter values to means of five minutes, in the order in which they came."""

    def find(place: list[str] | None, size: int) -> Batch:
        rows = MeterValue.objects.filter(periods.match_over("received_at"))
        if place is not None:
            rows = rows.filter(pk__gt=(datetime.fromisoformat(place[0]), UUID(place[1])))
        found = list(rows.order_by("received_at", "id")[:size])
        ids = {row.session_id for row in found if row.session_id is not None}
        needed = _open_ones(ids)
        needed |= find_needed(ids - needed)
        over = [row for row in found if row.session_id not in needed]
        end = [found[-1].received_at.isoformat(), str(found[-1].id)] if len(found) == size else None
        return Batch(over, end, kept=len(found) - len(over), seen=len(found))

    return Ledger("meter values", find, _clear_values)


def means_ledger(periods: Periods) -> Ledger:
    """Means of five minutes to means of an hour."""

    def find(place: list[str] | None, size: int) -> Batch:
        rows = MeterMean.objects.filter(periods.match_over("begins_at"), span_s=FIVE_MINUTES_S)
        found = list(rows.order_by("begins_at", "id")[:size])
        return Batch(found, [] if len(found) == size else None)

    return Ledger("means of five minutes", find, _clear_means)


def _open_ones(session_ids: Collection[UUID]) -> set[UUID]:
    """A value that names a session which is not there is nobody's."""
    rows = Session.objects.filter(pk__in=session_ids).exclude(state=SessionState.ENDED)
    return set(rows.values_list("pk", flat=True))


def _clear_values(values: Sequence[MeterValue]) -> int:
    """In the caller's transaction. Raises RowsMoved where one of them is gone."""
    _add((_key(value, value.measured_at, FIVE_MINUTES_S), Figures.of_value(value)) for value in values)
    rows = MeterValue.objects.filter(
        received_at__range=(values[0].received_at, values[-1].received_at),
        id__in=[each.id for each in values],
    )
    return _require(rows.delete()[0], of=len(values))


def _clear_means(means: Sequence[MeterMean]) -> int:
    """In the caller's transaction. Raises RowsMoved where one is gone, or was joined by a late value meanwhile."""
    _add((_key(mean, mean.begins_at, HOUR_S), Figures.of_mean(mean)) for mean in means)
    counted = {mean.pk: mean.values for mean in means}
    unmoved = MeterMean.objects.filter(pk__in=counted).annotate(seen=F("values")).values_list("pk", "seen")
    if dict(unmoved) != counted:
        raise RowsMoved
    return _require(MeterMean.objects.filter(pk__in=counted).delete()[0], of=len(means))


def _require(gone: int, *, of: int) -> int:
    if gone != of:
        raise RowsMoved
    return gone


def _key(row: MeterValue | MeterMean, moment: datetime, span_s: int) -> Key:
    begin_s = int(moment.timestamp()) // span_s * span_s
    return Key(
        row.community_id, row.connector_id, row.session_id, datetime.fromtimestamp(begin_s, UTC), span_s
    )


def _add(parts: Iterable[tuple[Key, Figures]]) -> None:
    """Join these figures to the rows that stand for the same, or make those rows."""
    sums: dict[Key, Figures] = {}
    for key, figures in parts:
        sums[key] = sums[key].joined(figures) if key in sums else figures
    there = MeterMean.objects.in_bulk([key.pk for key in sums])
    rows = []
    for key, figures in sums.items():
        known = there.get(key.pk)
        total = figures if known is None else Figures.of_mean(known).joined(figures)
        rows.append(
            MeterMean(
                id=key.pk,
                community_id=key.community_id,
                connector_id=key.connector_id,
                session_id=key.session_id,
                begins_at=key.begins_at,
                span_s=key.span_s,
                **{name: getattr(total, name) for name in COLUMNS},
            )
        )
    MeterMean.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=[*COLUMNS])


def _mean(one: int | None, count: int, other: int | None, others: int) -> int | None:
    """Weighted. A phase that nobody told in one part carried nothing there."""
    if one is None and other is None:
        return None
    return round(((one or 0) * count + (other or 0) * others) / max(1, count + others))
