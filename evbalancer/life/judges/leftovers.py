from datetime import UTC, datetime, timedelta

from chargers.enums import CommandState, SessionState
from chargers.models import ChargerCommand, Session
from evbalancer.life.judges.judge import Judge

OVERDUE = timedelta(minutes=5)


class Leftovers(Judge):
    """When all is quiet, no session is open without a transaction, and no command waits past its end."""

    name = "leftovers"

    def see_end(self) -> None:
        busy = {
            (station.spec.id, connector.id)
            for station in self.world.stations
            for connector in station.connectors.values()
            if connector.transaction is not None
        }
        for row in Session.objects.filter(state=SessionState.ACTIVE).select_related(
            "connector__charge_point"
        ):
            if (row.connector.charge_point.identity, row.connector.number) not in busy:
                self.blame(f"{row} is active, and its charge point has no transaction")
        overdue = ChargerCommand.objects.filter(
            state__in=[CommandState.QUEUED, CommandState.SENT], expires_at__lt=datetime.now(UTC) - OVERDUE
        )
        for command in overdue:
            self.blame(f"{command} waits since {command.queued_at:%H:%M:%S}")
