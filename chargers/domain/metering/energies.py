"""The energy of a transaction by its registers at the end: at most what its charger can give in that time, and never 0 in silence."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import F

from chargers.domain.metering import clocks, draws, meter, samples
from chargers.enums import EnergyDoubt
from chargers.models import MeterMean, MeterValue, Session
from chargers.reports.charging import StopReport
from evbalancer.common.units import INT32_MAX


class Judged(NamedTuple):
    """Energy and register at the end, None where what was metered on the way stands; and why they are doubted, if they are."""

    energy_wh: int | None
    stop_wh: int | None
    doubt: EnergyDoubt | None


def judge_energy(session: Session, report: StopReport) -> Judged:
    """The first register of the stop, of its message or of its samples, that the charger can have counted to."""
    told = _told(report)
    start_wh = session.meter_start_wh
    if start_wh is None:
        # Without a start no register is worth anything yet; it is judged again when the start arrives after all.
        return Judged(None, next(iter(told), None), None if session.energy_wh else EnergyDoubt.NO_REGISTER)
    for stop_wh in told:
        for energy_wh in _readings(session, stop_wh, report.received_at):
            if energy_wh == 0 and session.energy_wh:
                continue  # 0, or the start's again: it told no register of the end
            flowed_unseen = energy_wh == 0 and stop_wh == 0 and _has_flowed(session)
            doubt = EnergyDoubt.NO_REGISTER if flowed_unseen else None
            return Judged(energy_wh, start_wh + energy_wh, doubt)
    if told:
        went_back = all(stop_wh <= start_wh for stop_wh in told)
        doubt = EnergyDoubt.WENT_BACK if went_back else EnergyDoubt.SET_ASIDE
        return Judged(None, start_wh + session.energy_wh, doubt)
    return Judged(None, None, EnergyDoubt.NO_REGISTER if is_without_register(session) else None)


def first_register_wh(report: StopReport) -> int | None:
    """The first register of a transaction whose start had none: one of its messages that lies before the end."""
    first_wh = samples.register_wh(report.samples, samples.BEGIN)
    if any(sample.context == samples.BEGIN for sample in report.samples):
        return first_wh
    return first_wh if first_wh is not None and any(first_wh < stop_wh for stop_wh in _told(report)) else None


def most_counted_wh(session: Session, *, until: datetime, told_wh: int) -> int:
    """The most that the session's charger can have counted up to a register, by its nameplate and the longest time that anybody's
    clock tells."""
    skew_s = session.connector.charge_point.clock_skew_s
    span = clocks.own_span(
        session.charger_started_at, session.charger_stopped_at, received_at=until, skew_s=skew_s
    )
    if session.started_at is not None:
        span = max(span, (session.stopped_at or until) - session.started_at)
    can_wh = samples.most_possible_wh(
        span.total_seconds(),
        max_power_w=meter.max_power_w(session.connector.max_current_ma),
        registers_wh=(session.meter_start_wh or 0, told_wh),
    )
    return min(max(can_wh, session.energy_wh), INT32_MAX)


def _told(report: StopReport) -> list[int]:
    registers = (report.meter_wh, samples.register_wh(report.samples, samples.END))
    return [each for each in registers if each is not None]


def is_without_register(session: Session) -> bool:
    """Nobody ever told where its register stood after the start, so its energy is not 0 but unknown."""
    if session.energy_wh or session.meter_stop_wh is not None:
        return False
    known = MeterValue.objects.filter(session=session, energy_wh__isnull=False, quarantine="")
    # Of a session of long ago means stand for the values; one register alone may have been the start's.
    later = MeterMean.objects.filter(session=session, last_at__gt=F("first_at"))
    return not known.exclude(context=samples.BEGIN).exists() and not later.exists()


def _readings(session: Session, stop_wh: int, until: datetime) -> Iterator[int]:
    """The possible readings of the register: absolute as the specification has it, or as the session was metered."""
    absolute_wh = stop_wh - (session.meter_start_wh or 0)
    if 0 <= absolute_wh <= most_counted_wh(session, until=until, told_wh=stop_wh):
        yield absolute_wh
    elif session.energy_wh and session.metered_at is not None:
        read = samples.session_energy_wh(
            stop_wh,
            is_kwh=False,
            start_wh=session.meter_start_wh or 0,
            metered_wh=session.energy_wh,
            elapsed_s=(until - session.metered_at).total_seconds(),
            max_power_w=meter.max_power_w(session.connector.max_current_ma),
            total_wh=most_counted_wh(session, until=until, told_wh=stop_wh),
        )
        if read is not None:
            yield read


def _has_flowed(session: Session) -> bool:
    values = MeterValue.objects.filter(session=session, power_w__gte=draws.DRAWING_W)
    means = MeterMean.objects.filter(session=session, most_power_w__gte=draws.DRAWING_W)
    return values.exists() or means.exists()
