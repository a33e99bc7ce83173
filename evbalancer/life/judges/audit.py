from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from chargers.models import ChargerCommand
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.world import World
from grid.enums import ActorKind
from grid.models import AuditEntry, TemporaryLimit
from scheduling.models import EmergencyRequest

# What a person did is audited in the same transaction.
MOMENT = timedelta(seconds=1)
Deed = tuple[UUID, str, datetime]


class Audit(Judge):
    """Whatever a person had written has its entry in the audit trail, of that moment and with the person's name."""

    name = "audit"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._done: set[tuple[UUID, str]] = set()

    def see_minute(self) -> None:
        for pk, deed, at in self._deeds():
            if (pk, deed) in self._done:
                continue
            self._done.add((pk, deed))
            entries = AuditEntry.objects.filter(
                at__range=(at - MOMENT, at + MOMENT), actor_kind=ActorKind.USER
            )
            if not entries.exists():
                self.blame(
                    f"somebody {deed} at {at:%H:%M:%S}, and no entry of that moment has a person's name"
                )

    def see_end(self) -> None:
        self.see_minute()

    def _deeds(self) -> Iterator[Deed]:
        for limit in TemporaryLimit.objects.filter(imposed_by__isnull=False):
            yield limit.pk, "cut a circuit", limit.announced_at
            if limit.cancelled_at is not None:
                yield limit.pk, "lifted a limit", limit.cancelled_at
        for claim in EmergencyRequest.objects.filter(driver__user__isnull=False):
            yield claim.pk, "claimed an emergency", claim.created_at
        for command in ChargerCommand.objects.filter(actor_kind=ActorKind.USER):
            yield command.pk, "ordered something of a charge point", command.queued_at
