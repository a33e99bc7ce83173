"""The facts that starts and stops are judged by, read for many of them in a constant number of queries."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.core.management.color import no_style
from django.db import connection
from django.db.models import Max, Q

from chargers.domain.access.judging import AccessBook, restrict_outcome
from chargers.domain.metering import clocks
from chargers.enums import SessionState
from chargers.models import Connector, Session, TransactionNumber
from chargers.models.session import OPEN_STATES
from chargers.reports.base import STATION
from chargers.reports.charging import StartReport, StopReport
from drivers.domain.drivers import AuthorizeOutcome, authorize_tags
from evbalancer.common.units import INT32_MAX

# More transactions than a site has between two backups.
FORGOTTEN: Final = 1_000_000


class Known:
    """For reports of different charge points: none of them changes a fact that another one needs.

    The clusters' locks are held; sessions that may change are locked here, in the order of their keys.
    """

    def __init__(
        self, *, starts: Sequence[StartReport] = (), stops: Sequence[StopReport] = (), now: datetime
    ) -> None:
        self._connectors = _connectors(starts)
        self._outcomes = authorize_tags(
            {(report.source.community_id, report.id_tag) for report in starts}, now=now
        )
        asked = [connector.pk for connector in self._connectors.values()]
        self._access = AccessBook.of_connectors(asked) if asked else AccessBook(())
        self._started = _started(asked, starts)
        self._open = _open(asked)
        self._named = _named(stops)
        self._numbers_due = len(starts)
        self._numbers: list[int] = []

    def connector(self, report: StartReport) -> Connector | None:
        """The one that a start names."""
        return self._connectors.get((report.source.charge_point_id, report.connector_number))

    def outcome(self, report: StartReport) -> AuthorizeOutcome:
        """What the card is worth, at the connector and the moment that the transaction began at."""
        outcome = self._outcomes[report.source.community_id, report.id_tag]
        connector = self.connector(report)
        if connector is None:
            return outcome
        skew_s = connector.charge_point.clock_skew_s
        at, _ = clocks.believable_time(report.charger_at, received_at=report.received_at, skew_s=skew_s)
        return restrict_outcome(outcome, self._access.judge(connector.pk, outcome.driver, at=at))

    def started(self, connector: Connector, report: StartReport) -> Session | None:
        """The session that the same start began before."""
        # Time-based or repeated message ids prove nothing; this key does (field case 20).
        key = report.id_tag, report.charger_at
        for session in self._started.get(connector.pk, ()):
            # If no register was reported, the one that it begins at may have been learnt since.
            is_same = key == (session.id_tag, session.charger_started_at) and report.meter_wh in (
                session.meter_start_wh,
                None,
            )
            if is_same and (report.charger_at is not None or session.state == SessionState.ACTIVE):
                return session
        return None

    def open_session(self, connector: Connector) -> Session | None:
        """The one that is at the connector now, locked."""
        return self._open.get(connector.pk)

    def named(self, report: StopReport) -> Session | None:
        """The session whose transaction a stop names, locked."""
        return self._named.get((report.source.charge_point_id, report.transaction_id))

    def next_number(self) -> int:
        """A number for a new transaction. Those that were made ready and are not used are lost."""
        if not self._numbers:
            count = max(1, self._numbers_due)
            made = TransactionNumber.objects.bulk_create([TransactionNumber() for _ in range(count)])
            self._numbers, self._numbers_due = [number.pk for number in reversed(made)], 0
        return self._numbers.pop()


def take_transaction_number() -> int:
    """A number that no transaction and no reservation had before."""
    return int(TransactionNumber.objects.create().pk)


def skip_transaction_numbers() -> None:
    """After a restore: chargers still tell of transactions that the database forgot, and none of these numbers may name another."""
    newest = TransactionNumber.objects.aggregate(newest=Max("pk"))["newest"] or 0
    with connection.cursor() as cursor:
        TransactionNumber.objects.create(pk=newest + FORGOTTEN)
        for statement in connection.ops.sequence_reset_sql(no_style(), [TransactionNumber]):
            cursor.execute(statement)


def _connectors(starts: Collection[StartReport]) -> dict[tuple[UUID, int], Connector]:
    if not starts:
        return {}
    rows = Connector.objects.filter(
        charge_point__in={report.source.charge_point_id for report in starts}, retired_at=None
    )
    found: dict[tuple[UUID, int], Connector] = {}
    stations: dict[UUID, list[Connector]] = {}
    for row in rows.select_related("charge_point"):
        found[row.charge_point_id, row.number] = row
        stations.setdefault(row.charge_point_id, []).append(row)
    # Of a charge point with one connector, 0 can mean no other.
    return found | {(pk, STATION): mine[0] for pk, mine in stations.items() if len(mine) == 1}


def _started(connector_ids: Sequence[UUID], starts: Collection[StartReport]) -> dict[UUID, list[Session]]:
    if not connector_ids:
        return {}
    same = Q(charger_started_at__in={report.charger_at for report in starts} - {None})
    if any(report.charger_at is None for report in starts):
        same |= Q(charger_started_at=None, state=SessionState.ACTIVE)
    rows = Session.objects.filter(same, connector__in=connector_ids, transaction_id__isnull=False)
    found: dict[UUID, list[Session]] = {}
    for session in rows:
        found.setdefault(session.connector_id, []).append(session)
    return found


def _open(connector_ids: Sequence[UUID]) -> dict[UUID, Session]:
    if not connector_ids:
        return {}
    rows = Session.objects.filter(connector__in=connector_ids, state__in=OPEN_STATES)
    return {session.connector_id: session for session in rows.select_for_update(no_key=True).order_by("pk")}


def _named(stops: Collection[StopReport]) -> dict[tuple[UUID, int | None], Session]:
    numbers = {report.transaction_id for report in stops if 0 < report.transaction_id <= INT32_MAX}
    if not numbers:
        return {}
    rows = Session.objects.filter(
        transaction_id__in=numbers,
        connector__charge_point__in={report.source.charge_point_id for report in stops},
    )
    locked = rows.select_for_update(of=("self",), no_key=True).order_by("pk")
    return {
        (session.connector.charge_point_id, session.transaction_id): session
        for session in locked.select_related("connector__charge_point")
    }
