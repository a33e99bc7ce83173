"""What waits for a manager of Maple Court: an emergency, a finding, and a strike with its driver's appeal."""

from datetime import datetime, timedelta

from drivers.domain.standing import appeal_strike, give_strike
from drivers.models import Driver
from evbalancer.common.words.said import Said
from grid.domain.audit import SYSTEM
from scheduling.enums import EmergencyState, FindingKind
from scheduling.models import AbuseFinding, EmergencyRequest

MISSED_DAYS = (3, 8, 15)


def seed_conduct(drivers: list[Driver], *, now: datetime) -> None:
    appellant, careless, hurried = drivers[4], drivers[7], drivers[11]
    strike = give_strike(
        appellant,
        kind=FindingKind.NO_SHOW,
        evidence=_missed(now - timedelta(days=4)),
        decision=Said("finding_kind.no_show"),
        actor=SYSTEM,
        now=now - timedelta(days=4),
    )
    appeal_strike(
        strike,
        text="The lift was being repaired on two of these evenings, and I could not get to my car.",
        actor=SYSTEM,
        now=now - timedelta(days=3),
    )
    AbuseFinding.objects.create(
        community_id=careless.community_id,
        driver=careless,
        kind=FindingKind.NO_SHOW,
        subject="demo",
        evidence=_missed(now),
        found_at=now - timedelta(hours=5),
    )
    EmergencyRequest.objects.create(
        community_id=hurried.community_id,
        driver=hurried,
        vehicle=hurried.vehicles.first(),
        reason="My mother was taken to the hospital in Potsdam.",
        energy_wh=12_000,
        needed_by=now + timedelta(hours=5),
        state=EmergencyState.PENDING,
        state_since=now,
        reasons=[Said("emergency.manager_confirms_unproven")],
        created_at=now,
    )


def _missed(now: datetime) -> dict[str, object]:
    return {"missed": [(now - timedelta(days=days)).isoformat() for days in MISSED_DAYS], "allowed": 2}
