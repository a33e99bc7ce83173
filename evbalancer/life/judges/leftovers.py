import time
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from chargers.enums import CommandState, SessionState
from chargers.models import ChargerCommand, Connector, Session
from drivers.models import Notification
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.world import World
from scheduling.models import SlotRequest
from scheduling.models.slot_request import OPEN_SLOT_STATES

OVERDUE = timedelta(minutes=5)
# A mail waits for the night to end, and no longer.
MAIL_OVERDUE = timedelta(hours=1)
# An offline charge point counts as gone when its lease ends.
NOTICED_S = 300.0


class Leftovers(Judge):
    """No session is open without a transaction, no command, reservation, mail or lease waits past its end."""

    name = "leftovers"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._blamed: set[object] = set()
        self._idle_since: dict[object, datetime] = {}

    def see_minute(self) -> None:
        now = datetime.now(UTC)
        if time.monotonic() - self.world.calm_since_s >= NOTICED_S:
            self._judge_commands(now)
            self._judge_reservations()
            self._judge_sessions(now, patience=OVERDUE)
        if not self.world.is_clock_wrong:
            self._judge_mails(now)

    def see_end(self) -> None:
        self.see_minute()
        self._judge_sessions(datetime.now(UTC), patience=timedelta())

    def _judge_mails(self, now: datetime) -> None:
        for mail in Notification.objects.filter(mail_due_at__lt=now - MAIL_OVERDUE):
            self._blame_once(mail.pk, f"a mail is due since {mail.mail_due_at:%H:%M:%S}")

    def _judge_sessions(self, now: datetime, *, patience: timedelta) -> None:
        rows = Session.objects.filter(state=SessionState.ACTIVE).select_related("connector__charge_point")
        running = {row.pk: row for row in rows}
        seen, self._idle_since = self._idle_since, {}
        for pk, row in running.items():
            station = self.world.site.charge_points.get(row.connector.charge_point.identity)
            if station is not None and (
                station.connectors[row.connector.number].transaction is not None
                or not station.online
                or station.talker.outbox
            ):
                continue
            self._idle_since[pk] = seen.get(pk, now)
            if now - self._idle_since[pk] >= patience:
                self._blame_once(pk, f"{row} is active, and its charge point has no transaction")

    def _judge_commands(self, now: datetime) -> None:
        is_open = Q(state__in=[CommandState.QUEUED, CommandState.SENT])
        for command in ChargerCommand.objects.filter(is_open, expires_at__lt=now - OVERDUE):
            self._blame_once(command.pk, f"{command} waits since {command.queued_at:%H:%M:%S}")

    def _judge_reservations(self) -> None:
        """A charge point keeps a connector for nobody but a slot that is open."""
        for station in self.world.stations:
            for connector in station.connectors.values():
                held = connector.reservation
                if (
                    held is None
                    or not station.online
                    or held.expires_at - time.time() < OVERDUE.total_seconds()
                ):
                    continue
                slots = SlotRequest.objects.filter(reservation_number=held.id, state__in=OPEN_SLOT_STATES)
                row = Connector.objects.get(charge_point__identity=station.spec.id, number=connector.id)
                if not slots.exists() and row.state_known_at is not None:
                    self._blame_once(held.id, f"{station.spec.id} is reserved for no open slot")

    def _blame_once(self, key: object, sentence: str) -> None:
        if key not in self._blamed:
            self._blamed.add(key)
            self.blame(sentence)
