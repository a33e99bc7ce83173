"""The one seam between protocols and the domain: reports in, outcomes out, many sockets in one transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import singledispatch
from typing import Any, TypeVar

from django.db import transaction

from chargers.domain import (
    alerts,
    cards,
    certificates,
    connections,
    delivery,
    device_model,
    external,
    meter,
    pending,
    sessions,
    status,
    transactions,
)
from chargers.domain.meter_book import MeterBook
from chargers.enums import CommandKind, TransactionPhase
from chargers.models import ChargePoint, ChargerCommand
from chargers.reports import (
    TAKEN,
    BootReport,
    CertificateOutcome,
    CertificateRequest,
    CommandOrder,
    CommandPull,
    CommandReply,
    ExternalLimitReport,
    Handshake,
    Hangup,
    HeldBoot,
    Incoming,
    MeterReport,
    OccurrenceReport,
    Outcome,
    Report,
    ReservationReport,
    SecurityReport,
    StartReport,
    StatusReport,
    StopReport,
    TokenReport,
    TransactionOutcome,
    TransactionReport,
    VariablesReport,
)
from drivers.domain.drivers import authorize
from evbalancer.common.locks import lock_cluster

# What changes reservations or sessions waits for the cluster's lock; meter values and tokens don't.
LOCKING = (
    BootReport,
    CommandPull,
    CommandReply,
    ExternalLimitReport,
    StartReport,
    StatusReport,
    StopReport,
    TransactionReport,
)
# What changes a session, or ends the socket that it is metered through.
TURNING = (Hangup, StartReport, StatusReport, StopReport, TransactionReport)
TOGETHER = (CommandPull, CommandReply, Handshake, Hangup, MeterReport)
R = TypeVar("R", bound=Incoming)


class Desk:
    """Takes what the sockets of one process hand in. Belongs to the writer's thread, as its book does."""

    def __init__(self) -> None:
        self._book = MeterBook()

    def take(self, batch: Sequence[Incoming]) -> list[Outcome]:
        """Take all reports in one transaction and return their outcomes in the same order; all or nothing.

        A socket hands in its next report after the outcome of the one before, so the order within a batch is free.
        """
        outcomes: list[Outcome] = [TAKEN] * len(batch)
        try:
            with transaction.atomic():
                batch = self._plain(batch)
                _lock_clusters(batch)
                self._book.settle(
                    report.source.connection_id for report in batch if isinstance(report, TURNING)
                )
                _together(
                    batch, outcomes, Handshake, lambda part: connections.admit(part, now=part[0].received_at)
                )
                for at, report in enumerate(batch):
                    if isinstance(report, TransactionReport):
                        outcomes[at] = self._take_event(report)
                    elif not isinstance(report, TOGETHER):
                        outcomes[at] = _take(report)
                _together(batch, outcomes, CommandReply, _note_answers)
                _together(batch, outcomes, CommandPull, _hand_out)
                _together(batch, outcomes, Hangup, _hang_up)
                _together(batch, outcomes, MeterReport, lambda part: meter.take(part, self._book))
        except BaseException:
            self._book.forget(report.source.connection_id for report in batch if isinstance(report, Report))
            raise
        return outcomes

    @transaction.atomic
    def write_owed(self, *, now: datetime) -> None:
        """Bring the rows of sessions up to what was metered."""
        self._book.write_owed(now=now)

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

    def _take_event(self, report: TransactionReport) -> TransactionOutcome:
        hearing = transactions.hear(report, now=report.received_at)
        readings = hearing.readings
        if readings is not None:
            meter.take([readings], self._book)
            self._book.settle([report.source.connection_id])
        return transactions.conclude(hearing, now=report.received_at)


def _lock_clusters(batch: Sequence[Incoming]) -> None:
    # In one order everywhere, and before the first row is touched: two writers can't wait for each other.
    for cluster_id in sorted({report.source.cluster_id for report in batch if isinstance(report, LOCKING)}):
        lock_cluster(cluster_id)


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


def _note_answers(replies: Sequence[CommandReply]) -> None:
    answers = [delivery.Answer(reply.command_id, reply.state, reply.result, reply.error) for reply in replies]
    delivery.record_answers(answers, now=replies[-1].received_at)


def _hand_out(pulls: Sequence[CommandPull]) -> Sequence[CommandOrder | None]:
    sockets = {pull.source.connection_id: pull.source.charge_point_id for pull in pulls}
    claimed = delivery.claim_all(sockets, now=pulls[-1].received_at)
    # A socket asks once at a time; were it to ask twice in one batch, it would be told once.
    commands = [claimed.pop(pull.source.connection_id, None) for pull in pulls]
    return [None if command is None else _order(command) for command in commands]


@singledispatch
def _take(report: Any) -> Outcome:
    raise TypeError(f"nothing takes a {type(report).__name__}")


@_take.register
def _(report: BootReport) -> Outcome:
    return connections.boot(report, now=report.received_at)


@_take.register
def _(report: HeldBoot) -> Outcome:
    return pending.boot(report)


@_take.register
def _(report: StatusReport) -> Outcome:
    status.report_status(report, now=report.received_at)
    return TAKEN


@_take.register
def _(report: TokenReport) -> Outcome:
    source = report.source
    outcome = authorize(
        source.community_id, report.id_tag, now=report.received_at, asked_by=source.charge_point_id
    )
    return transactions.token_outcome(outcome)


@_take.register
def _(report: StartReport) -> Outcome:
    return sessions.start(report, now=report.received_at)


@_take.register
def _(report: StopReport) -> Outcome:
    sessions.stop(report, now=report.received_at)
    if not report.id_tag:
        return TAKEN
    return transactions.token_outcome(
        authorize(report.source.community_id, report.id_tag, now=report.received_at)
    )


@_take.register
def _(report: CertificateRequest) -> Outcome:
    charge_point = ChargePoint.objects.get(pk=report.source.charge_point_id)
    return CertificateOutcome(certificates.answer_request(charge_point, report.csr, now=report.received_at))


@_take.register
def _(report: SecurityReport) -> Outcome:
    alerts.security_event(report, now=report.received_at)
    return TAKEN


@_take.register
def _(report: OccurrenceReport) -> Outcome:
    alerts.occurred(report, now=report.received_at)
    return TAKEN


@_take.register
def _(report: ReservationReport) -> Outcome:
    alerts.reservation_ended(report, now=report.received_at)
    return TAKEN


@_take.register
def _(report: VariablesReport) -> Outcome:
    device_model.tell(report.source, report.variables, now=report.received_at)
    return TAKEN


@_take.register
def _(report: ExternalLimitReport) -> Outcome:
    external.tell(report, now=report.received_at)
    return TAKEN


def _order(command: ChargerCommand) -> CommandOrder:
    connector = command.connector
    return CommandOrder(
        command.pk,
        CommandKind(command.kind),
        None if connector is None else connector.number,
        cards.with_kinds(command.arguments, community_id=command.community_id),
    )
