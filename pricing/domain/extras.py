"""Bill lines beside the energy: for priority, for standing in others' way, and for bookings. Once per session or booking each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from chargers.models import Connector, Session
from drivers.models import Driver
from grid.models import Cluster
from pricing.domain.billing import MINOR
from pricing.domain.choice import choose_price, version_during
from pricing.enums import LineKind
from pricing.models import BillLine, TariffVersion
from pricing.rating.billed import BilledPart, amount_minor

HOUR_S = 3_600


def bill_emergency(
    session: Session, *, energy_wh: int, started_at: datetime, ended_at: datetime
) -> BillLine | None:
    """The surcharge on energy that was served before others'. None where nothing flowed or the tariff asks nothing."""
    version = version_during(session, at=started_at)
    price = version.emergency_surcharge_per_mwh_minor if version is not None else 0
    if version is None or not price or energy_wh <= 0:
        return None
    part = BilledPart(started_at, ended_at, energy_wh, price)
    words = {"energy_wh": energy_wh, "price_per_mwh_minor": price}
    return _line(
        session, version, kind=LineKind.EMERGENCY, part=part, amount=amount_minor([part]), words=words
    )


def bill_overstay(
    session: Session, *, waited: timedelta, started_at: datetime, ended_at: datetime
) -> BillLine | None:
    """The fee for the time that others waited, to the second. None where nobody did or the tariff asks nothing."""
    version = version_during(session, at=started_at)
    price = version.overstay_per_hour_minor if version is not None else 0
    waited_s = int(waited.total_seconds())
    if version is None or not price or waited_s <= 0:
        return None
    # Half a cent is rounded up, as the energy's is.
    amount = (price * waited_s + HOUR_S // 2) // HOUR_S
    words = {"others_waited_s": waited_s, "price_per_hour_minor": price}
    part = BilledPart(started_at, ended_at, 0, 0)
    return _line(session, version, kind=LineKind.OVERSTAY, part=part, amount=amount, words=words)


@dataclass(frozen=True, slots=True)
class Booking:
    """A slot that is charged for: whose, where, and when it was booked, began and was over. Without a connector, at any of the cluster."""

    id: UUID
    driver: Driver
    cluster: Cluster
    connector: Connector | None
    booked_at: datetime
    started_at: datetime
    ended_at: datetime


def booking_fees(
    driver: Driver, cluster: Cluster, connector: Connector | None, *, at: datetime
) -> dict[LineKind, int]:
    """What a slot costs that is booked now, in cents: for a space that is kept and used, and for one that nobody came to."""
    version = _booked_version(driver, cluster, connector, at=at)
    return {LineKind.RESERVATION: 0, LineKind.NO_SHOW: 0} if version is None else _fees(version)


def bill_booking(booking: Booking, *, kind: LineKind) -> BillLine | None:
    """The fee of a booking, as it was when it was booked. None where the tariff asks nothing."""
    version = _booked_version(booking.driver, booking.cluster, booking.connector, at=booking.booked_at)
    fee_minor = _fees(version)[kind] if version is not None else 0
    if version is None or not fee_minor:
        return None
    part = {
        "kind": kind.upper(),
        "start": booking.started_at.isoformat(),
        "end": booking.ended_at.isoformat(),
        "place": str(booking.connector or booking.cluster),
        "price": str(Decimal(fee_minor) / MINOR),
        "amount_minor": fee_minor,
    }
    community = booking.cluster.community
    line, _ = BillLine.objects.get_or_create(
        about_id=booking.id,
        kind=kind,
        defaults={
            "community": community,
            "cluster": booking.cluster,
            "driver": booking.driver,
            "tariff": version.tariff,
            "version": version,
            "amount_minor": fee_minor,
            "currency": community.currency,
            "started_at": booking.started_at,
            "ended_at": booking.ended_at,
            "parts": [part],
        },
    )
    return line


def _booked_version(
    driver: Driver, cluster: Cluster, connector: Connector | None, *, at: datetime
) -> TariffVersion | None:
    return choose_price(cluster.community, at=at, driver=driver, connector=connector, cluster=cluster).version


def _fees(version: TariffVersion) -> dict[LineKind, int]:
    return {
        LineKind.RESERVATION: version.reservation_fee_minor,
        LineKind.NO_SHOW: version.no_show_fee_minor,
    }


def _line(
    session: Session,
    version: TariffVersion,
    *,
    kind: LineKind,
    part: BilledPart,
    amount: int,
    words: dict[str, int],
) -> BillLine:
    line, _ = BillLine.objects.get_or_create(
        session=session,
        kind=kind,
        defaults={
            "community": session.community,
            "driver_id": session.driver_id,
            "tariff": version.tariff,
            "version": version,
            "energy_wh": part.energy_wh,
            "amount_minor": amount,
            "currency": session.community.currency,
            "started_at": part.start,
            "ended_at": part.end,
            "parts": [{"start": part.start.isoformat(), "end": part.end.isoformat(), **words}],
        },
    )
    return line
