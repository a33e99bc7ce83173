"""The one seam between protocols and the domain: reports in, outcomes out, many sockets in one transaction."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import singledispatch
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import transaction

from chargers.domain.access.judging import StationBook, restrict_outcome
from chargers.domain.access.telling import tell_refused
from chargers.domain.cards import cards
from chargers.domain.cards.refused import note_refusal
from chargers.domain.limits import external
from chargers.domain.metering import meter, orphans
from chargers.domain.metering.meter_book import Memory, MeterBook, SessionsBusy
from chargers.domain.orders import delivery, late_answers
from chargers.domain.sessions import needs, priorities, sessions, status, transactions
from chargers.domain.sessions.known import Known
from chargers.domain.sockets import certificates, connections, pending
from chargers.domain.stations import alerts, device_model, grid_support
from chargers.enums import TransactionPhase
from chargers.models import ChargePoint
from chargers.reports.base import Incoming, Report
from chargers.reports.charging import (
    MeterReport,
    StartReport,
    StatusReport,
    StopReport,
    TokenReport,
    TransactionOutcome,
    TransactionReport,
    UnplacedReport,
)
from chargers.reports.commands import CommandOrder, CommandPull, CommandReply
from chargers.reports.needs import NeedsReport, ScheduleReport
from chargers.reports.news import (
    CertificateOutcome,
    CertificateRequest,
    ExternalLimitReport,
    GridControlReport,
    GridFaultReport,
    LaterReport,
    OccurrenceReport,
    PriorityReport,
    ReservationReport,
    SecurityReport,
    StatesReport,
    VariablesReport,
)
from chargers.reports.outcomes import PASSED_ON, SET_ASIDE, TAKEN, Outcome
from chargers.reports.sockets import BootReport, Handshake, Hangup, StrangerBoot
from drivers.domain.drivers import authorize_tag, authorize_tags, note_shown
from evbalancer.common.db.locks import LONGEST_ROW_WAIT, lock_free_clusters
from evbalancer.common.events import gathered

R = TypeVar("R", bound=Incoming)
# The reports of one locked cluster keep those of the others waiting so long at most, each time they are tried.
PATIENCE: Final = timedelta(milliseconds=15)
# If many want a lock one after the other, a moment in its queue may never be enough: a report that has waited so long waits longer.
STARVES_AFTER, PATIENCE_OF_STARVING = timedelta(seconds=2), timedelta(milliseconds=100)


class BaseDesk(ABC):
    """Takes what the sockets of one process hand in. Belongs to one writer's thread, as its book does."""

    def __init__(self, memory: Memory | None = None) -> None:
        self._book = MeterBook(memory)

    def take(self, batch: Sequence[Incoming], *, patient: UUID | None = None) -> list[Outcome]:
        """Take the reports in one transaction and return their outcomes in the same order; all or nothing, but for SET_ASIDE:
        those of clusters that somebody else has locked. For the lock of `patient` one waits for a moment.

        A socket hands in its next report after the outcome of the one before, so the order within a batch is free.
        """
        outcomes: list[Outcome] = [SET_ASIDE] * len(batch)
        places = list(range(len(batch)))
        while places:
            try:
                taken = self._take_or_forget([batch[at] for at in places], patient=patient)
            except SessionsBusy as busy:
                places = [at for at in places if not _is_through(batch[at], busy.connection_ids)]
                continue
            for at, outcome in zip(places, taken, strict=True):
                outcomes[at] = outcome
            break
        return outcomes

    @transaction.atomic
    def write_owed(self, *, now: datetime) -> None:
        """Bring the rows of sessions up to what was metered."""
        self._book.write_owed(now=now)

    def _take_or_forget(self, batch: Sequence[Incoming], *, patient: UUID | None) -> list[Outcome]:
        try:
            with transaction.atomic():
                return self._take_free(batch, patient=patient)
        except BaseException:
            self._book.forget(report.source.connection_id for report in batch if isinstance(report, Report))
            raise

    @abstractmethod
    def _take_free(self, batch: Sequence[Incoming], *, patient: UUID | None) -> list[Outcome]:
        """In a transaction: those whose clusters are free."""

    def _settle(self, batch: Sequence[Incoming]) -> None:
        self._book.settle(
            report.source.connection_id for report in batch if isinstance(report, Report) and report.turns
        )

    def _plain(self, batch: Sequence[Incoming]) -> Sequence[Incoming]:
        """Most events of a running transaction only bring its meter. They go with the meter values, and wait for no lock."""
        events = [
            report
            for report in batch
            if isinstance(report, TransactionReport) and report.phase == TransactionPhase.UPDATED
        ]
        if not events:
            return batch
        self._book.read([event.source for event in events], now=events[-1].received_at)
        return [
            (self._book.plain(report) or report) if isinstance(report, TransactionReport) else report
            for report in batch
        ]


class MeterDesk(BaseDesk):
    """Takes reports that need no lock. Those that turn a session are PASSED_ON once the session's row is up to date."""

    def _take_free(self, batch: Sequence[Incoming], *, patient: UUID | None) -> list[Outcome]:
        batch = self._plain(batch)
        outcomes: list[Outcome] = [PASSED_ON if report.turns else TAKEN for report in batch]
        self._settle(batch)
        _together(batch, outcomes, TokenReport, _judge_tokens)
        _together(batch, outcomes, MeterReport, lambda part: meter.take_meter_values(part, self._book))
        return outcomes


class Desk(BaseDesk):
    """Takes everything; behind a MeterDesk, the reports that it passes on and all others."""

    def __init__(self, memory: Memory | None = None, *, takes_meters: bool = True) -> None:
        super().__init__(memory)
        self._takes_meters = takes_meters

    def _take_free(self, batch: Sequence[Incoming], *, patient: UUID | None) -> list[Outcome]:
        if self._takes_meters:
            batch = self._plain(batch)
        outcomes: list[Outcome] = [SET_ASIDE] * len(batch)
        free = _lock_free(batch, patient=patient)
        places = [
            at
            for at, report in enumerate(batch)
            if not report.locks or (isinstance(report, Report) and report.source.cluster_id in free)
        ]
        taken = self._take_locked([batch[at] for at in places])
        for at, outcome in zip(places, taken, strict=True):
            outcomes[at] = outcome
        return outcomes

    def _take_locked(self, batch: Sequence[Incoming]) -> list[Outcome]:
        """Take reports whose clusters are locked, or that need no lock.

        1. Bring sessions that a report turns up to what was metered.
        2. Admit new sockets.
        3. Take boots, statuses, starts, stops and the like, one by one.
        4. Take the events of transactions, each whole before the next.
        5. Judge cards, note answers, hand out commands and note closed sockets, each kind together.
        6. Store meter values last: the sessions that they belong to may have begun in this batch.
        """
        outcomes: list[Outcome] = [TAKEN] * len(batch)
        # 1.
        self._settle(batch)
        # 2.
        _together(
            batch, outcomes, Handshake, lambda part: connections.admit_sockets(part, now=part[0].received_at)
        )
        # 3.
        for places in _in_turns(batch):
            turn = [batch[at] for at in places]
            with gathered() as news:
                known = _read_known(turn)
                for at in places:
                    news.begin_act()
                    outcomes[at] = _take(batch[at], known)
        # 4. Each step of an event reads what the step before did to the connector.
        for at, report in enumerate(batch):
            if isinstance(report, TransactionReport):
                outcomes[at] = self._take_event(report)
        # 5.
        _together(batch, outcomes, TokenReport, _judge_tokens)
        _together(batch, outcomes, CommandReply, _note_answers)
        _together(batch, outcomes, CommandPull, _hand_out)
        _together(batch, outcomes, Hangup, _hang_up)
        # 6.
        _together(batch, outcomes, MeterReport, lambda part: meter.take_meter_values(part, self._book))
        return outcomes

    def _take_event(self, report: TransactionReport) -> TransactionOutcome:
        hearing = transactions.hear_event(report, now=report.received_at)
        readings = hearing.readings
        if readings is not None:
            meter.take_meter_values([readings], self._book)
            self._book.settle([report.source.connection_id])
        return transactions.conclude_event(hearing, now=report.received_at)


def _lock_free(batch: Sequence[Incoming], *, patient: UUID | None) -> set[UUID]:
    # Before the first row is touched, and waiting for none but the patient one: nobody waits for us meanwhile.
    if all(isinstance(report, MeterReport) for report in batch):
        return set()  # the hot path: storing values waits for nobody, and the book bounds its own writes
    wanted = {report.source.cluster_id for report in batch if isinstance(report, Report) and report.locks}
    since = min(
        (
            each.received_at
            for each in batch
            if isinstance(each, Report) and each.source.cluster_id == patient
        ),
        default=None,
    )
    starves = since is not None and datetime.now(UTC) - since > STARVES_AFTER
    patience = PATIENCE_OF_STARVING if starves else PATIENCE
    return lock_free_clusters(wanted, patient=patient, patience=patience, longest=LONGEST_ROW_WAIT)


def _read_known(turn: Sequence[Incoming]) -> Known:
    return Known(
        starts=[report for report in turn if isinstance(report, StartReport)],
        stops=[report for report in turn if isinstance(report, StopReport)],
        now=turn[-1].received_at,
    )


def _in_turns(batch: Sequence[Incoming]) -> Iterator[list[int]]:
    """Places of what is taken one by one, so that no charge point has two in one turn: the second is taken after all that
    follows from the first."""
    turn: list[int] = []
    seen: set[UUID] = set()
    for at, report in enumerate(batch):
        if report.is_batched or isinstance(report, TransactionReport):
            continue
        charge_point_id = report.source.charge_point_id if isinstance(report, Report) else None
        if charge_point_id in seen:
            yield turn
            turn, seen = [], set()
        turn.append(at)
        if charge_point_id is not None:
            seen.add(charge_point_id)
    if turn:
        yield turn


def _is_through(report: Incoming, connection_ids: Collection[UUID]) -> bool:
    return isinstance(report, Report) and report.source.connection_id in connection_ids


def _together(
    batch: Sequence[Incoming],
    outcomes: list[Outcome],
    kind: type[R],
    handler: Callable[[list[R]], Sequence[Outcome] | None],
) -> None:
    places = [at for at, report in enumerate(batch) if isinstance(report, kind)]
    if not places:
        return
    answers = handler([report for report in batch if isinstance(report, kind)])
    if answers is not None:
        for at, answer in zip(places, answers, strict=True):
            outcomes[at] = answer


def _hang_up(reports: Sequence[Hangup]) -> None:
    connections.hang_up(reports, now=reports[-1].received_at)


def _judge_tokens(reports: Sequence[TokenReport]) -> Sequence[Outcome]:
    now = reports[-1].received_at
    judged = authorize_tags({(each.source.community_id, each.id_tag) for each in reports}, now=now)
    places = StationBook({each.source.charge_point_id for each in reports})
    outcomes = []
    for each in reports:
        outcome = judged[each.source.community_id, each.id_tag]
        station = each.source.charge_point_id
        # Only of what would be accepted it matters whether the place is open, and a guest's card is a driver's as well.
        outcome = restrict_outcome(outcome, places.judge(station, outcome.driver, at=each.received_at))
        outcomes.append(outcome)
        note_shown(outcome, each.source.community_id, asked_by=station, now=now)
        note_refusal(
            outcome,
            token=each.id_tag,
            community_id=each.source.community_id,
            charge_point_id=station,
            now=each.received_at,
        )
        if outcome.why is not None:
            tell_refused(outcome, place_id=station, place=places.name_of(station), now=now)
    return [transactions.token_outcome(outcome) for outcome in outcomes]


def _note_answers(replies: Sequence[CommandReply]) -> None:
    answers = [delivery.Answer(reply.command_id, reply.state, reply.result, reply.error) for reply in replies]
    delivery.record_answers(answers, now=replies[-1].received_at)


def _hand_out(pulls: Sequence[CommandPull]) -> Sequence[CommandOrder | None]:
    sockets = {pull.source.connection_id: pull.source.charge_point_id for pull in pulls}
    urgent = {pull.source.connection_id for pull in pulls if pull.is_urgent}
    claimed = delivery.claim_all(sockets, now=pulls[-1].received_at, urgent=urgent)
    # A socket asks once at a time; if it asked twice in one batch, it would get one answer.
    commands = [claimed.pop(pull.source.connection_id, None) for pull in pulls]
    return [None if command is None else cards.order_of(command) for command in commands]


@singledispatch
def _take(report: Any, known: Known) -> Outcome:
    raise TypeError(f"nothing takes a {type(report).__name__}")


@_take.register
def _(report: BootReport, known: Known) -> Outcome:
    return connections.take_boot(report, now=report.received_at)


@_take.register
def _(report: StrangerBoot, known: Known) -> Outcome:
    return pending.take_stranger_boot(report)


@_take.register
def _(report: StatusReport, known: Known) -> Outcome:
    status.report_status(report, now=report.received_at)
    return TAKEN


@_take.register
def _(report: StartReport, known: Known) -> Outcome:
    return sessions.start_session(report, now=report.received_at, known=known)


@_take.register
def _(report: StopReport, known: Known) -> Outcome:
    sessions.stop_session(report, now=report.received_at, known=known)
    if not report.id_tag:
        return TAKEN
    return transactions.token_outcome(
        authorize_tag(report.source.community_id, report.id_tag, now=report.received_at)
    )


@_take.register
def _(report: UnplacedReport, known: Known) -> Outcome:
    why = "it names no transaction that can be read"
    orphans.keep_orphan(report.source, action="End", why=why, payload=report.payload, now=report.received_at)
    return TAKEN


@_take.register
def _(report: CertificateRequest, known: Known) -> Outcome:
    charge_point = ChargePoint.objects.get(pk=report.source.charge_point_id)
    return CertificateOutcome(
        certificates.answer_request(
            charge_point,
            report.csr,
            use=report.use,
            request_number=report.request_number,
            now=report.received_at,
        )
    )


@_take.register
def _(report: SecurityReport, known: Known) -> Outcome:
    alerts.security_event(report, now=report.received_at)
    return TAKEN


@_take.register
def _(report: OccurrenceReport, known: Known) -> Outcome:
    alerts.note_occurrence(report, now=report.received_at)
    return TAKEN


@_take.register
def _(report: StatesReport, known: Known) -> Outcome:
    for told in report.statuses:
        status.report_status(told, now=report.received_at)
    alerts.note_occurrence(report, now=report.received_at)
    return TAKEN


@_take.register
def _(report: ReservationReport, known: Known) -> Outcome:
    alerts.reservation_ended(report, now=report.received_at)
    return TAKEN


@_take.register
def _(report: VariablesReport, known: Known) -> Outcome:
    device_model.store_variables(report.source, report.variables, now=report.received_at)
    if report.later is not None:
        late_answers.note_later(report.source, report.later, now=report.received_at)
    return TAKEN


@_take.register
def _(report: ExternalLimitReport, known: Known) -> Outcome:
    external.store_external_limit(report, now=report.received_at)
    return TAKEN


_take.register(NeedsReport, lambda report, _: needs.take_needs(report, now=report.received_at))
_take.register(
    GridFaultReport, lambda report, _: grid_support.note_grid_fault(report, now=report.received_at)
)
_take.register(
    GridControlReport, lambda report, _: grid_support.note_grid_control(report, now=report.received_at)
)
_take.register(PriorityReport, lambda report, _: priorities.take_priority(report, now=report.received_at))
_take.register(ScheduleReport, lambda report, _: needs.compare_schedule(report))
_take.register(
    LaterReport,
    lambda report, _: late_answers.note_later(report.source, report.later, now=report.received_at),
)
