"""Two months of Maple Court in bulk: nights with their meters, prices as they were published, bills, and statements.

Rows are made by the functions that rate and compare real sessions, without a query for each: the page is wanted in seconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from chargers.enums import SessionState
from chargers.models import Connector, MeterValue, Session
from drivers.models import Driver
from evbalancer.common.units import va_to_ma
from evbalancer.demo import market
from evbalancer.demo.nights import Night, Nights
from grid.domain.audit import SYSTEM
from grid.models import Cluster, LoadCurve
from pricing.domain import signals
from pricing.domain.curve_bills import words_of_part
from pricing.domain.curves import terms_of
from pricing.domain.statements.credits import credit_amount
from pricing.domain.statements.lines import month_begin
from pricing.domain.statements.months import draft_month, issue_month, review_month
from pricing.dynamic import Inputs, price_steps
from pricing.models import (
    BillingDetails,
    BillLine,
    DynamicPrice,
    LoadProfile,
    PricePublication,
    SignalPublication,
    TaxRate,
)
from pricing.rating.at_once import energies_wh, register_at_once
from pricing.rating.billed import BilledPart, amount_minor, split_as_billed
from pricing.rating.register import Register, Sample
from pricing.signals.series import QUARTER
from scheduling.models import FairnessEntry

DAY_QUARTERS: Final = 96
VAT_BP: Final = 1_900
SEED: Final = 34
CREDIT: Final = "The charger was out of order for two evenings."


@dataclass(frozen=True, slots=True)
class Curve:
    """Published prices, one a quarter from `start` on."""

    start: datetime
    prices: tuple[int, ...]

    def parts(self, register: Register) -> list[BilledPart]:
        """The register's energy at the prices of its quarters, alike ones joined."""
        first = (signals.quarter_of(register.start) - self.start) // QUARTER
        last = -((self.start - register.end) // QUARTER)
        parts: list[BilledPart] = []
        for at in range(first, max(first + 1, last)):
            if not parts or parts[-1].price_per_mwh_minor != self.prices[at]:
                begin = max(register.start, self.start + at * QUARTER)
                parts.append(BilledPart(begin, register.end, 0, self.prices[at]))
        return split_as_billed(register, parts)


def seed_history(cluster: Cluster, places: Sequence[tuple[Connector, Driver]], *, now: datetime) -> None:
    """From the begin of the month before last to this morning."""
    zone = ZoneInfo(cluster.community.time_zone)
    today = now.astimezone(zone).date()
    last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    first_day = (last_month - timedelta(days=1)).replace(day=1)
    curve = _publish(cluster, first_day, today, zone=zone)
    played = Nights(curve.start, curve.prices, _free_w(cluster, curve, zone=zone), zone=zone, seed=SEED)
    cars = [(connector, driver.vehicles.all()[0]) for connector, driver in places]
    days = [first_day + timedelta(days=at) for at in range((today - first_day).days)]
    nights = [night for day in days for night in played.play(day, cars) if night.unplugged_at < now]
    _store(cluster, nights, curve)
    _bill(cluster, first_day, last_month, now=now)


def _publish(cluster: Cluster, first_day: date, today: date, *, zone: ZoneInfo) -> Curve:
    """The market as it was, and a publication for each day: until tonight, where the live ones go on."""
    market.open_market(cluster)
    policy = DynamicPrice.objects.select_related("market").get(cluster=cluster)
    edges = [
        datetime.combine(first_day + timedelta(days=at), time.min, tzinfo=zone).astimezone(UTC)
        for at in range((today - first_day).days + 2)
    ]
    values = market.prices_between(edges[0], edges[-1], zone)
    told = {"community_id": cluster.community_id, "origin": market.ORIGIN}
    SignalPublication.objects.create(
        signal=policy.market, begins_at=edges[0], ends_at=edges[-1], values=values, published_at=edges[0],
        received_at=edges[0], **told,
    )  # fmt: skip
    terms, prices, rows = terms_of(policy), [], []
    for begin, end in pairwise(edges):
        part = values[(begin - edges[0]) // QUARTER : (end - edges[0]) // QUARTER]
        unknown = (None,) * len(part)
        inputs = Inputs(tuple(part), unknown, unknown)
        of_day = [step.total for step in price_steps(terms, inputs)]
        prices += of_day
        rows.append(
            PricePublication(
                community_id=cluster.community_id,
                cluster=cluster,
                published_at=begin - timedelta(hours=11),
                begins_at=begin,
                ends_at=end,
                per_mwh_minor=of_day,
                terms=terms.stored,
                inputs=inputs.stored,
            )
        )
    PricePublication.objects.bulk_create(rows)
    return Curve(edges[0], tuple(prices))


def _free_w(cluster: Cluster, curve: Curve, *, zone: ZoneInfo) -> list[int]:
    """What the building leaves of the transformer in each quarter, by its most loaded phase."""
    load = LoadCurve.objects.get(circuit__cluster=cluster)
    root_ma = va_to_ma(100_000, voltage_v=cluster.voltage_v)
    free = []
    for at in range(len(curve.prices)):
        used_ma = max(load.at(curve.start + at * QUARTER, zone.key))
        free.append(3 * max(0, root_ma - used_ma) * cluster.voltage_v // 1_000)
    return free


def _store(cluster: Cluster, nights: Sequence[Night], curve: Curve) -> None:
    registers_wh: dict[object, int] = {}
    sessions, values, lines, profiles, entries = [], [], [], [], []
    for night in nights:
        begun_wh = registers_wh.get(night.connector.pk, 0)
        registers_wh[night.connector.pk] = begun_wh + night.received_wh
        session = _session(cluster, night, begun_wh)
        samples = list(_samples(night))
        register = Register(samples)
        parts = curve.parts(register)
        line = _line(session, parts)
        sessions.append(session)
        values += [_value(session, sample, begun_wh) for sample in samples[1:-1]]
        lines.append(line)
        profiles.append(_profile(cluster, session, night, register, line=line, curve=curve))
        entries.append(_entry(cluster, session, night))
    Session.objects.bulk_create(sessions)
    MeterValue.objects.bulk_create(values)
    BillLine.objects.bulk_create(lines)
    LoadProfile.objects.bulk_create(profiles)
    FairnessEntry.objects.bulk_create(entries)


def _session(cluster: Cluster, night: Night, begun_wh: int) -> Session:
    return Session(
        community_id=cluster.community_id,
        connector=night.connector,
        driver=night.vehicle.driver,
        vehicle=night.vehicle,
        state=SessionState.ENDED,
        state_since=night.unplugged_at,
        plugged_at=night.plugged_at,
        started_at=night.plugged_at,
        charger_started_at=night.plugged_at,
        stopped_at=night.unplugged_at,
        charger_stopped_at=night.unplugged_at,
        unplugged_at=night.unplugged_at,
        metered_at=night.unplugged_at,
        meter_start_wh=begun_wh,
        meter_stop_wh=begun_wh + night.received_wh,
        energy_wh=night.received_wh,
        ended_sated=night.received_wh == night.wanted_wh,
        stop_reason="EVDisconnected",
    )


def _samples(night: Night) -> Iterable[Sample]:
    """The meter where its slope changes."""
    yield Sample(night.plugged_at, 0)
    total_wh, before_wh = 0, 0
    for at, energy_wh in enumerate(night.energies_wh):
        moment = night.first + at * QUARTER
        if energy_wh != before_wh and moment - night.plugged_at >= timedelta(minutes=1):
            yield Sample(moment, total_wh)
        total_wh, before_wh = total_wh + energy_wh, energy_wh
    yield Sample(night.unplugged_at, total_wh)


def _value(session: Session, sample: Sample, begun_wh: int) -> MeterValue:
    return MeterValue(
        received_at=sample.at,
        community_id=session.community_id,
        connector_id=session.connector_id,
        session_id=session.pk,
        measured_at=sample.at,
        energy_wh=begun_wh + sample.energy_wh,
    )


def _line(session: Session, parts: Sequence[BilledPart]) -> BillLine:
    assert session.started_at is not None and session.stopped_at is not None  # noqa: S101, PT018 (every night was charged)
    return BillLine(
        community_id=session.community_id,
        session=session,
        driver_id=session.driver_id,
        energy_wh=session.energy_wh,
        amount_minor=amount_minor(parts),
        currency="EUR",
        started_at=session.started_at,
        ended_at=session.stopped_at,
        parts=[words_of_part(part) for part in parts],
    )


def _profile(
    cluster: Cluster, session: Session, night: Night, register: Register, *, line: BillLine, curve: Curve
) -> LoadProfile:
    start = signals.quarter_of(night.plugged_at)
    at_once = register_at_once(
        night.received_wh, power_w=night.power_w, begin=night.plugged_at, end=night.unplugged_at
    )
    is_priced = night.received_wh > 0
    return LoadProfile(
        community_id=cluster.community_id,
        session=session,
        cluster=cluster,
        begins_at=start,
        ended_at=night.unplugged_at,
        energies_wh=energies_wh(register, start=start, length=QUARTER),
        at_once_from=night.plugged_at,
        at_once_w=night.power_w,
        cost_minor=line.amount_minor if is_priced else None,
        at_once_minor=amount_minor(curve.parts(at_once)) if is_priced else None,
    )


def _entry(cluster: Cluster, session: Session, night: Night) -> FairnessEntry:
    first = next((at for at, energy_wh in enumerate(night.energies_wh) if energy_wh), 0)
    waited = night.first + first * QUARTER - night.plugged_at
    return FairnessEntry(
        community_id=cluster.community_id,
        cluster=cluster,
        driver=night.vehicle.driver,
        session=session,
        at=night.unplugged_at,
        wanted_wh=night.wanted_wh,
        received_wh=night.received_wh,
        waited_s=int(waited.total_seconds()),
    )


def _bill(cluster: Cluster, first_month: date, last_month: date, *, now: datetime) -> None:
    """The month before last issued, with a credit note; the last one drafted, for whoever tries the demo to review."""
    community = cluster.community
    BillingDetails.objects.create(
        community=community,
        name="Maple Court e.V.",
        address="Ahornweg 12\n10115 Berlin",
        tax_number="DE123456789",
        prefix="MC-",
        iban="DE89370400440532013000",
        note="All of Maple Court is invented, and so is this statement.",
    )
    TaxRate.objects.create(community=community, valid_from=first_month, rate_bp=VAT_BP)
    issued_at = month_begin(last_month, community.time_zone) + timedelta(days=3, hours=10)
    month = draft_month(community, month=first_month, actor=SYSTEM, now=issued_at)
    review_month(month, actor=SYSTEM, now=issued_at)
    statements = issue_month(month, actor=SYSTEM, now=issued_at)
    credit_amount(
        statements[len(statements) // 2], amount_minor=150, reason=CREDIT, actor=SYSTEM,
        now=issued_at + timedelta(days=2),
    )  # fmt: skip
    draft_month(community, month=last_month, actor=SYSTEM, now=now)
