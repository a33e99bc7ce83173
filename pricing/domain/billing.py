"""Bill lines: written once at a session's end, never edited."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from chargers.domain.archive import registers
from chargers.models import Session
from pricing.domain import curve_bills
from pricing.domain.choice import Choice, price_of_session
from pricing.domain.versions import rater_of, with_tariff
from pricing.enums import LineKind, PriceBasis
from pricing.models import BillLine, TariffVersion
from pricing.rating.billed import BilledPart
from pricing.rating.billed import amount_minor as sum_minor
from pricing.rating.priced import Kind, Line, Money, Rated
from pricing.rating.register import Register, Sample
from pricing.rating.weekly import PER_KWH

MINUTE_S = 60
MINOR = 100
FREE = Choice(None, PriceBasis.STANDING)


def bill_session(session: Session, *, now: datetime) -> BillLine | None:
    """The line of an ended transaction, once. None while it has not started; free without a tariff."""
    if session.started_at is None:
        return None
    bill_sessions([session], now=now)
    return BillLine.objects.get(session=session, kind=LineKind.ENERGY)


def bill_sessions(sessions: Collection[Session], *, now: datetime) -> None:
    """The lines of ended transactions, as `bill_session` writes them; where no tariff is, in a constant number of queries."""
    begun = {session.pk: session for session in sessions if session.started_at is not None}
    billed = BillLine.objects.filter(session__in=begun, kind=LineKind.ENERGY)
    for session_id in billed.values_list("session_id", flat=True):
        del begun[session_id]
    priced = with_tariff({session.community_id for session in begun.values()})
    by_curve = curve_bills.with_published_prices(begun)
    BillLine.objects.bulk_create(
        [
            _line_of(
                session,
                price_of_session(session) if session.community_id in priced else FREE,
                is_by_curve=session.pk in by_curve,
                now=now,
            )
            for session in begun.values()
        ]
    )


def _line_of(session: Session, choice: Choice, *, is_by_curve: bool, now: datetime) -> BillLine:
    started_at = session.started_at
    assert started_at is not None  # noqa: S101 (callers checked; for the type checker)
    community = session.community
    ended_at = max(session.stopped_at or now, started_at)
    curve = _curve_of(session, choice, until=ended_at) if is_by_curve else None
    version = choice.version if curve is None else None
    amount_minor, parts = 0, []
    if curve is not None:
        amount_minor, parts = sum_minor(curve), [curve_bills.words_of_part(part) for part in curve]
    elif version is not None:
        rated = rate_session(session, version, until=ended_at)
        amount_minor, parts = minor_of(rated.total), words_of(rated)
    return BillLine(
        community=community,
        session=session,
        driver_id=session.driver_id,
        tariff=version.tariff if version is not None else None,
        version=version,
        kind=LineKind.ENERGY,
        energy_wh=session.energy_wh,
        amount_minor=amount_minor,
        currency=community.currency,
        started_at=started_at,
        ended_at=ended_at,
        parts=parts,
    )


def _curve_of(session: Session, choice: Choice, *, until: datetime) -> list[BilledPart] | None:
    return curve_bills.split_by_curve(
        session, register_of(session, until), follows_market=choice.follows_market
    )


def rate_session(session: Session, version: TariffVersion, *, until: datetime) -> Rated:
    """What a started session costs by a version, on the clocks of its community."""
    rater = rater_of(version, time_zone=session.community.time_zone)
    register = register_of(session, until)
    return rater.rate(register.session(rater.bounds, rater.zone, is_sated=session.ended_sated))


def cost_so_far_minor(session: Session, *, now: datetime) -> int | None:
    """The cost of the session up to its end, or to its last meter value; None without a price or a start."""
    if session.started_at is None:
        return None
    until = session.stopped_at or session.metered_at or now
    choice = price_of_session(session)
    curve = _curve_of(session, choice, until=until)
    if curve is not None:
        return sum_minor(curve)
    if choice.version is None:
        return None
    return minor_of(rate_session(session, choice.version, until=until).total)


def energy_at(session: Session, at: datetime, *, now: datetime) -> int:
    """The energy that a started session had received by a moment, in Wh. Between two meter values it is taken to flow evenly."""
    if session.started_at is None:
        return 0
    return register_of(session, session.stopped_at or now).used_wh(at)


def register_of(session: Session, end: datetime) -> Register:
    """The meter from start to end, at most one value a minute and only ones that go forward.

    The registers between show when the energy flowed; the total is always the session's own.
    """
    start = session.started_at
    assert start is not None  # noqa: S101 (callers checked; for the type checker)
    samples = [Sample(start, 0)]
    total_wh = session.energy_wh
    for at, register_wh in registers.read_registers(session):
        energy_wh = register_wh - (session.meter_start_wh or 0)
        last = samples[-1]
        forward = last.energy_wh <= energy_wh <= total_wh and last.at < at < end
        if forward and (at - last.at).total_seconds() >= MINUTE_S:
            samples.append(Sample(at, energy_wh))
    samples.append(Sample(max(end, start), total_wh))
    return Register(samples)


def minor_of(money: Money) -> int:
    """In cents, with taxes: what a driver pays."""
    return int(money.incl_vat * MINOR)


def words_of(rated: Rated) -> list[dict[str, Any]]:
    """The lines of a bill as it keeps them; what min_price or max_price changed is a line of its own."""
    parts: list[dict[str, Any]] = []
    for period, costs in zip(rated.periods, rated.costs, strict=True):
        span = {"start": period.start.isoformat(), "end": period.end.isoformat()}
        for line, cost in zip(period.lines, costs, strict=True):
            _append(parts, span | _words_of_line(line) | {"amount_minor": minor_of(cost)})
    if rated.by_limit.incl_vat:
        parts.append({"kind": "LIMIT", "amount_minor": minor_of(rated.by_limit)})
    return parts


def _words_of_line(line: Line) -> dict[str, Any]:
    vat_pct = line.component.vat_pct
    words: dict[str, Any] = {"kind": line.kind.value, "vat": None if vat_pct is None else str(vat_pct)}
    if line.kind is Kind.ENERGY:
        per_mwh = line.component.price * PER_KWH
        is_whole = per_mwh == per_mwh.to_integral_value()
        return words | {
            "energy_wh": round(line.billed * 1000),
            "price_per_mwh_minor": int(per_mwh) if is_whole else float(per_mwh),
        }
    price = str(line.component.price)
    return (
        words | {"price": price} | ({} if line.kind is Kind.FLAT else {"seconds": round(line.billed * 3600)})
    )


def _append(parts: list[dict[str, Any]], part: dict[str, Any]) -> None:
    """Join what follows at the same price, so that a night is one part and not eight."""
    amounts = ("energy_wh", "seconds", "amount_minor")
    for index in range(len(parts) - 1, -1, -1):
        last = parts[index]
        if last["end"] == part["start"] and all(
            last.get(name) == part[name] for name in part if name not in {"start", "end", *amounts}
        ):
            added = {name: last[name] + part[name] for name in amounts if name in part}
            parts[index] = last | {"end": part["end"]} | added
            return
        if last["end"] < part["start"]:
            break
    parts.append(part)
