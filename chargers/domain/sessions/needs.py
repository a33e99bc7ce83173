"""What a car asks for by ISO 15118, as its station tells it: kept with the session, and compared with what it is granted.

A car's word lowers what is planned for it, names the least current that it charges with, and when it leaves. It never raises a limit.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Final

from chargers.enums import SessionState
from chargers.models import Connector, Session
from chargers.models.session import OPEN_STATES
from chargers.reports.base import Source
from chargers.reports.needs import CarNeeds, NeedsOutcome, NeedsReport, ScheduleOutcome, ScheduleReport
from evbalancer.common.waking import wake_balancer

MILLI: Final = 1000
# What a schedule may differ by, of rounding and of a meter.
TOLERANCE_MA: Final = 500
# Above what it asked for, a car is not believed: its meter is.
MOST_BEYOND_MA: Final = 1_000


def take_needs(report: NeedsReport, *, now: datetime) -> NeedsOutcome:
    """Keep what the car asks for. Its limit follows at once where its transaction runs, and with the transaction otherwise."""
    connector = _connector_at(report.source, report.connector_number)
    if connector is None:
        return NeedsOutcome.REJECTED
    session = _open_session(connector)
    if session is None:
        return NeedsOutcome.PROCESSING
    if session.is_refused:
        return NeedsOutcome.REJECTED
    kept = {name: value for name, value in asdict(report.needs).items() if value is not None}
    kept |= {"told_at": now.isoformat(), "received_wh": session.stay_energy_wh}
    Session.objects.filter(pk=session.pk).update(needs=kept)
    wake_balancer(report.source.cluster_id)
    return NeedsOutcome.ACCEPTED if session.state == SessionState.ACTIVE else NeedsOutcome.PROCESSING


def compare_schedule(report: ScheduleReport) -> ScheduleOutcome:
    """Whether the car's own schedule stays within what its connector is granted. If not, it is balanced again, and hears its limit again.

    The verdict is kept beside what the car asked for, where its session's page shows both.
    """
    connector = _connector_at(report.source, report.connector_number)
    if connector is None:
        return ScheduleOutcome.REJECTED
    session = _open_session(connector)
    volts = connector.charge_point.cluster.voltage_v
    granted = [connector.confirmed_ma, connector.fallback_ma]
    most_ma = max((each for each in granted if each is not None), default=connector.max_current_ma)
    phases = len(session.phases_seen if session is not None else "") or len(connector.wired_phases)
    asked_ma = max(
        (
            step.limit_ma if step.limit_ma is not None else (step.limit_w or 0) * MILLI // (volts * phases)
            for step in report.steps
        ),
        default=0,
    )
    fits = asked_ma <= most_ma + TOLERANCE_MA
    if session is not None and session.needs:
        kept = {**session.needs, "schedule_ma": asked_ma, "schedule_fits": fits}
        Session.objects.filter(pk=session.pk).update(needs=kept)
    if fits:
        return ScheduleOutcome.ACCEPTED
    wake_balancer(report.source.cluster_id)
    return ScheduleOutcome.REJECTED


def told_most_ma(session: Session, *, phases: int, volts: int) -> int | None:
    """The most that its car takes, by its word; None where it has none, or draws more than it said."""
    needs = CarNeeds.of(session.needs)
    if needs is None:
        return None
    told = [needs.max_ma, None if needs.max_w is None else needs.max_w * MILLI // (volts * max(1, phases))]
    least = min((each for each in told if each), default=None)
    is_believed = least is not None and max(session.current_ma) <= least + MOST_BEYOND_MA
    return least if is_believed else None


def told_least_ma(session: Session) -> int:
    needs = CarNeeds.of(session.needs)
    return 0 if needs is None else needs.min_ma or 0


def asked_room_wh(session: Session) -> int | None:
    """What it still takes of the energy that it asked for."""
    needs = CarNeeds.of(session.needs)
    if needs is None or needs.energy_wh is None:
        return None
    since_wh = session.stay_energy_wh - int((session.needs or {}).get("received_wh", 0))
    return max(0, needs.energy_wh - since_wh)


def departs_at(session: Session) -> datetime | None:
    needs = CarNeeds.of(session.needs)
    return None if needs is None or needs.departs_at is None else datetime.fromisoformat(needs.departs_at)


def _connector_at(source: Source, number: int) -> Connector | None:
    mine = Connector.objects.filter(charge_point_id=source.charge_point_id, number=number, retired_at=None)
    return mine.select_related("charge_point__cluster").first()


def _open_session(connector: Connector) -> Session | None:
    return Session.objects.filter(connector=connector, state__in=OPEN_STATES).first()
