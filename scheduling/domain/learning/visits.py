"""One stay as the accounts see it: the energy received, how long it could charge, and whether its driver gave it up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chargers.models import Connector, Session
from evbalancer.common.units import ma_to_w
from grid.enums import ActorKind
from grid.models import AuditEntry
from scheduling.domain.learning import windows

FULL_PCT = 99
# Ends that a driver or the car brings about; `Remote` is judged by who asked for it.
OWN_STOPS = ("", "Local", "EVDisconnected", "StoppedByEV", "SOCLimitReached", "EnergyLimitReached")
# Of the driver's own remote stop and of the house's the charger says the same.
REMOTE = "Remote"
REMOTE_STOP = "charger.remote_stop"


@dataclass(frozen=True, slots=True)
class Visit:
    """The stay of a session. `given_up_at`: when the driver stopped for good, or left."""

    driver_id: UUID | None
    received_wh: int
    charged_for: timedelta
    full_power_w: int
    battery_wh: int | None
    charge_pct: int | None
    waited_s: int
    given_up_at: datetime
    began_at: datetime
    vehicle_id: UUID | None
    left_at: datetime
    # The car itself took no more when its last transaction ended.
    is_sated: bool = False

    @property
    def is_full(self) -> bool:
        return self.is_sated or (self.charge_pct is not None and self.charge_pct >= FULL_PCT)

    def most_wh(self, time: timedelta) -> int:
        """The energy of full power in that time."""
        return int(self.full_power_w * max(time, timedelta()).total_seconds() // 3600)

    @classmethod
    def of(cls, session: Session, *, now: datetime) -> "Visit":
        rows = list(
            Session.objects.filter(stay_id=session.stay_id)
            .select_related("vehicle", "driver__user", "connector__circuit__cluster")
            .order_by("started_at", "transaction_id")
        )
        last = rows[-1]
        vehicle = next((row.vehicle for row in reversed(rows) if row.vehicle is not None), None)
        connector = last.connector
        left_at = max((row.unplugged_at for row in rows if row.unplugged_at is not None), default=now)
        return cls(
            driver_id=next((row.driver_id for row in rows if row.driver_id is not None), None),
            received_wh=sum(row.energy_wh for row in rows),
            charged_for=_charged_for(rows, now=now),
            full_power_w=ma_to_w(
                windows.max_ma(connector, vehicle),
                voltage_v=connector.circuit.cluster.voltage_v,
                phases=vehicle.phases if vehicle is not None else len(connector.wired_phases),
            ),
            battery_wh=vehicle.battery_wh if vehicle is not None else None,
            charge_pct=last.charge_pct,
            waited_s=_waited_s(rows),
            began_at=last.stay_since,
            vehicle_id=vehicle.pk if vehicle is not None else None,
            left_at=left_at,
            is_sated=last.ended_sated,
            given_up_at=min(left_at, last.stopped_at or left_at) if is_own_stop(last) else left_at,
        )


def is_own_stop(session: Session) -> bool:
    """The driver ended the transaction, or the car did."""
    if session.stopped_at is None:
        return False
    if session.stop_reason != REMOTE:
        return session.stop_reason in OWN_STOPS
    if session.driver is None or session.driver.user_id is None or session.started_at is None:
        return False
    # The key says who asked: any user may bear any name.
    return AuditEntry.objects.filter(
        target_kind=Connector._meta.label,  # noqa: SLF001 (Django's documented Meta API)
        target_id=str(session.connector_id),
        action=REMOTE_STOP,
        actor_kind=ActorKind.USER,
        actor_id=str(session.driver.user_id),
        at__gte=session.started_at,
        before__session_id=str(session.pk),
    ).exists()


def _charged_for(rows: Sequence[Session], *, now: datetime) -> timedelta:
    spans = (
        (row.stopped_at or row.unplugged_at or now) - row.started_at
        for row in rows
        if row.started_at is not None
    )
    return sum((max(span, timedelta()) for span in spans), timedelta())


def _waited_s(rows: Sequence[Session]) -> int:
    """From plugging in to the first power, as far as the transaction's start tells."""
    started_at = next((row.started_at for row in rows if row.started_at is not None), None)
    if started_at is None:
        return 0
    return max(0, int((started_at - min(row.plugged_at for row in rows)).total_seconds()))
