from collections import Counter
from datetime import UTC, datetime, timedelta

from django.apps import apps
from django.db.models import Count

from chargers.models import ChargerCommand
from drivers.models import Notification
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.world import World
from scheduling.models import SlotRequest
from scheduling.models.slot_request import OPEN_SLOT_STATES

HOUR = timedelta(hours=1)
# Of a connector in an hour: two for each lease, more in an hour of troubles.
MOST_COMMANDS = 400
# The most notifications of a driver in an hour, and the most slots that one waits for.
MOST_NOTICES = 12
MOST_SLOTS = 20
# A charge point's messages that wait while it is online and nothing is wrong.
MOST_QUEUED = 200
# Rows that all tables together grow by in an hour: a fixed part, and one for each charge point.
MOST_ROWS, MOST_ROWS_EACH = 2_000, 1_500


class Bounds(Judge):
    """Queues and rows grow with what happens, and no faster."""

    name = "bounds"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._minutes = 0
        self._rows = 0
        self._blamed: set[str] = set()

    def see_minute(self) -> None:
        self._minutes += 1
        for station in self.world.stations:
            if station.online and len(station.talker.outbox) > MOST_QUEUED:
                self._blame_once(station.spec.id, f"{len(station.talker.outbox)} messages wait")
        if self._minutes % 10 == 0:
            self._judge_counts(datetime.now(UTC) - HOUR)
        if self._minutes % 60 == 0:
            self._judge_rows()

    def _judge_counts(self, since: datetime) -> None:
        sent = ChargerCommand.objects.filter(queued_at__gt=since).values_list("charge_point__identity")
        for identity, count in sent.annotate(count=Count("pk")).order_by():
            if count > MOST_COMMANDS:
                self._blame_once(identity, f"{count} commands in an hour")
        told = Notification.objects.filter(created_at__gt=since).values_list("driver__name")
        for driver, count in told.annotate(count=Count("pk")).order_by():
            if count > MOST_NOTICES:
                self._blame_once(driver, f"{count} notifications in an hour")
        waiting = SlotRequest.objects.filter(state__in=OPEN_SLOT_STATES).values_list(
            "driver__name", flat=True
        )
        for driver, count in Counter(waiting).items():
            if count > MOST_SLOTS:
                self._blame_once(driver, f"{count} open slots")

    def _judge_rows(self) -> None:
        rows = sum(model._base_manager.count() for model in apps.get_models())  # noqa: SLF001 (documented)
        grown, self._rows = rows - self._rows, rows
        most = MOST_ROWS + MOST_ROWS_EACH * len(self.world.stations)
        if grown > most:
            self._blame_once("the database", f"{grown} rows in an hour")

    def _blame_once(self, who: str, what: str) -> None:
        if who not in self._blamed:
            self._blamed.add(who)
            self.blame(f"{who}: {what}")
