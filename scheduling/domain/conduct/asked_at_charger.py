"""Priority asked for at a charger is an emergency: the same rules, the same quota, the same manager."""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext

from chargers.domain.sessions import needs
from chargers.models import Session
from drivers.errors import Suspended
from evbalancer.common.errors import InvalidInput, NotFound
from scheduling.domain.conduct import emergencies, house_rules
from scheduling.errors import EmergencyOpen
from scheduling.models import EmergencyRequest

logger = logging.getLogger(__name__)

# Where the car does not say when it leaves. Whoever presses a button waits beside the car.
SOON: Final = timedelta(hours=1)
# Pressed again within this time it is the same wish.
SAME_WISH_FOR: Final = timedelta(minutes=10)


def claim_for(session: Session, *, now: datetime) -> EmergencyRequest | None:
    """An emergency of the session's driver, for what the car asked for or else the most that is granted without proof.

    None without a driver, and where the driver may claim none now.
    """
    driver = session.driver
    recent = EmergencyRequest.objects.filter(session=session, created_at__gt=now - SAME_WISH_FOR)
    if driver is None or session.is_refused or recent.exists():
        return None
    leaves_at = needs.departs_at(session)
    asked_wh = needs.asked_room_wh(session)
    unproven_wh = house_rules.rules_of(driver.community).unproven_most_wh
    vehicle = session.vehicle
    try:
        return emergencies.request_emergency(
            driver,
            reason=gettext("Asked for at the charger."),
            energy_wh=unproven_wh if asked_wh is None else asked_wh,
            needed_by=leaves_at if leaves_at is not None and leaves_at > now else now + SOON,
            now=now,
            vehicle=vehicle if vehicle is not None and vehicle.driver_id == driver.pk else None,
            session=session,
        )
    except (EmergencyOpen, Suspended, InvalidInput, NotFound) as refusal:
        logger.info("Priority asked for in session %s is no claim: %s", session.pk, type(refusal).__name__)
        return None
