"""Bill lines: written once at a session's end, never edited."""

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import pairwise
from typing import Any

from chargers.models import MeterValue, Session
from pricing.domain import tariffs
from pricing.enums import LineKind
from pricing.models import BillLine, Tariff
from pricing.rating.energy import Part, Priced, Prices, Sample, amount_minor, split

MINUTE_S = 60


def bill_session(session: Session, *, now: datetime) -> BillLine | None:
    """The energy line of an ended transaction, once. None while it has not started; free without a tariff."""
    if session.started_at is None:
        return None
    bill_sessions([session], now=now)
    return BillLine.objects.get(session=session, kind=LineKind.ENERGY)


def bill_sessions(sessions: Collection[Session], *, now: datetime) -> None:
    """The energy lines of ended transactions, as `bill_session` writes them; where no tariff is, in a constant number of queries."""
    begun = {session.pk: session for session in sessions if session.started_at is not None}
    billed = BillLine.objects.filter(session__in=begun, kind=LineKind.ENERGY)
    for session_id in billed.values_list("session_id", flat=True):
        del begun[session_id]
    priced = tariffs.with_tariff({session.community_id for session in begun.values()})
    BillLine.objects.bulk_create(
        [
            _energy_line(session, is_priced=session.community_id in priced, now=now)
            for session in begun.values()
        ]
    )


def _energy_line(session: Session, *, is_priced: bool, now: datetime) -> BillLine:
    started_at = session.started_at
    assert started_at is not None  # noqa: S101 (callers checked; for the type checker)
    community = session.community
    ended_at = max(session.stopped_at or now, started_at)
    tariff = tariffs.tariff_at(community, at=started_at) if is_priced else None
    parts = parts_of(session, tariff, until=ended_at)
    return BillLine(
        community=community,
        session=session,
        driver_id=session.driver_id,
        tariff=tariff,
        kind=LineKind.ENERGY,
        energy_wh=session.energy_wh,
        amount_minor=amount_minor(parts),
        currency=community.currency,
        started_at=started_at,
        ended_at=ended_at,
        parts=[words_of(part) for part in parts],
    )


def parts_of(session: Session, tariff: Tariff | None, *, until: datetime) -> list[Part]:
    """The energy of a started session, by the prices that it flowed at; none without a tariff."""
    if tariff is None:
        return []
    return rate_session(
        session, tariffs.prices_of(tariff, time_zone=session.community.time_zone), until=until
    )


def rate_session(session: Session, prices: Priced, *, until: datetime) -> list[Part]:
    """The energy of a started session by these prices."""
    return split(_samples(session, until), prices)


def cost_so_far_minor(session: Session, *, now: datetime) -> int | None:
    """The cost of the session up to its end, or to its last meter value; None without a tariff or a start."""
    if session.started_at is None:
        return None
    tariff = tariffs.tariff_at(session.community, at=session.started_at)
    if tariff is None:
        return None
    prices: Prices = tariffs.prices_of(tariff, time_zone=session.community.time_zone)
    return amount_minor(split(_samples(session, session.stopped_at or session.metered_at or now), prices))


def energy_at(session: Session, at: datetime, *, now: datetime) -> int:
    """The energy that a started session had received by a moment, in Wh. Between two meter values it is taken to flow evenly."""
    if session.started_at is None or at <= session.started_at:
        return 0
    samples = _samples(session, session.stopped_at or now)
    for before, after in pairwise(samples):
        if before.at <= at < after.at:
            flowed_wh = after.energy_wh - before.energy_wh
            return before.energy_wh + int(flowed_wh * ((at - before.at) / (after.at - before.at)))
    return samples[-1].energy_wh


def _samples(session: Session, end: datetime) -> list[Sample]:
    """The meter from start to end, at most one value a minute and only ones that go forward.

    The registers between show when the energy flowed; the total is always the session's own.
    """
    start = session.started_at
    assert start is not None  # noqa: S101 (callers checked; for the type checker)
    samples = [Sample(start, 0)]
    total_wh = session.energy_wh
    for at, register_wh in _registers(session):
        energy_wh = register_wh - (session.meter_start_wh or 0)
        last = samples[-1]
        forward = last.energy_wh <= energy_wh <= total_wh and last.at < at < end
        if forward and (at - last.at).total_seconds() >= MINUTE_S:
            samples.append(Sample(at, energy_wh))
    samples.append(Sample(max(end, start), total_wh))
    return samples


def _registers(session: Session) -> Iterable[tuple[datetime, int]]:
    rows = MeterValue.objects.filter(session=session, energy_wh__isnull=False, quarantine="")
    for at, energy_wh in rows.order_by("measured_at").values_list("measured_at", "energy_wh"):
        yield at, energy_wh or 0


def part_of(words: dict[str, Any]) -> Part:
    """The part that `words_of` wrote."""
    return Part(
        datetime.fromisoformat(words["start"]),
        datetime.fromisoformat(words["end"]),
        words["energy_wh"],
        words["price_per_mwh_minor"],
    )


def words_of(part: Part) -> dict[str, Any]:
    return {
        "start": part.start.isoformat(),
        "end": part.end.isoformat(),
        "energy_wh": part.energy_wh,
        "price_per_mwh_minor": part.price_per_mwh_minor,
    }
