"""Bill lines beside the energy: for priority, and for standing in others' way. Once per session each."""

from datetime import datetime, timedelta

from chargers.models import Session
from pricing.domain.choice import version_during
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
