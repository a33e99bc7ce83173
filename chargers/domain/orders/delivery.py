"""From a queued command to its outcome: claimed by compare-and-swap, answered once, never in doubt silently."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from chargers.domain.orders.listeners import is_heard, tell_listeners, tell_of_sending
from chargers.domain.orders.secrets import hide_secrets
from chargers.enums import CommandKind, CommandState, Registration
from chargers.models import ChargerCommand
from evbalancer.common import waking
from evbalancer.common.db.locks import for_each_free_cluster
from evbalancer.common.db.prepared import One, Several, prepared
from evbalancer.common.db.rows import store_columns, update_rows

# OCPP 1.6 section 4.2: a Pending charge point is configured, but starts and stops nothing.
NOT_WHILE_PENDING = (CommandKind.REMOTE_START, CommandKind.REMOTE_STOP)
# Fallbacks and cuts are below.
USUAL = 2
# Of one socket in one look: others may take commands back in the same moment.
ATTEMPTS = 3
# Of one cluster in one transaction.
TOGETHER = 500
# A socket that was replaced or lost has that long to have its end stored before others see to what it sent.
LEFT_TO_ITS_SOCKET = timedelta(seconds=5)
# All that judging and sending a command needs: naming sixty columns takes longer than the rest of the query.
CLAIMED = (
    "charge_point_id",
    "community_id",
    "kind",
    "arguments",
    "limit_ma",
    "connector_id",
    "connector__number",
    "connector__plug_number",
    "connector__confirmed_ma",
)


@transaction.atomic(savepoint=False)
def claim_all(
    sockets: Mapping[UUID, UUID], *, now: datetime, urgent: Collection[UUID] = ()
) -> dict[UUID, ChargerCommand]:
    """Claim the next command of each socket (connection to charge point), in a few queries for hundreds.

    1. Read the queued commands of these sockets, in the order of queueing.
    2. Choose the most urgent one of each socket: fallbacks and cuts first, and on `urgent` sockets nothing else. A question for
       a limit waits for all that is written, and the cost of a car for everything else.
    3. Mark them as sent by compare-and-swap. A socket that lost its command to another process takes its next one.
    4. Tell the listeners which commands go out.
    """
    # 1.
    queued = _queued(charge_point_ids=sockets.values(), connection_ids=sockets, now=now)
    # 2.
    waiting: dict[UUID, list[ChargerCommand]] = {}
    # Judged here and not in SQL: a charge point has a handful.
    for command in sorted(filter(_may_be_sent, queued), key=_urgency):
        if command.socket not in urgent or _urgency(command) < USUAL:
            waiting.setdefault(command.socket, []).append(command)
    # 3.
    claimed: dict[UUID, ChargerCommand] = {}
    for _ in range(ATTEMPTS):
        tried = {socket: mine.pop(0) for socket, mine in waiting.items() if mine and socket not in claimed}
        claimed |= _claim(tried, now=now)
    # 4.
    tell_of_sending(list(claimed.values()))
    return claimed


@prepared
def _queued(charge_point_ids: Several, connection_ids: Several, now: One) -> QuerySet[Any]:
    return (
        ChargerCommand.objects.filter(
            charge_point_id__in=charge_point_ids,
            charge_point__connection_id__in=connection_ids,
            state=CommandState.QUEUED,
            expires_at__gt=now,
        )
        .annotate(registration=F("charge_point__registration"), socket=F("charge_point__connection_id"))
        .select_related("connector")
        .only(*CLAIMED)
        # Of one moment in the order in which they were queued: ids rise.
        .order_by("queued_at", "pk")
    )


def _claim(tried: Mapping[UUID, ChargerCommand], *, now: datetime) -> dict[UUID, ChargerCommand]:
    """Mark them as sent by compare-and-swap; those that were not taken back or expired in this moment."""
    if not tried:
        return {}
    won = update_rows(
        "chargers_chargercommand",
        key="id",
        columns={"state": "varchar", "sent_at": "timestamptz", "connection_id": "uuid"},
        rows=[(command.pk, CommandState.SENT.value, now, socket) for socket, command in tried.items()],
        where=f"state = '{CommandState.QUEUED.value}'",
    )
    mine = {command.pk for command in tried.values()}
    if won < len(tried):
        sent = ChargerCommand.objects.filter(
            pk__in=mine, state=CommandState.SENT, connection_id__in=list(tried)
        )
        mine = set(sent.values_list("pk", flat=True))
    for socket, command in tried.items():
        command.state, command.sent_at, command.connection_id = CommandState.SENT, now, socket
    return {socket: command for socket, command in tried.items() if command.pk in mine}


def _may_be_sent(command: Any) -> bool:
    if command.registration == Registration.PENDING:
        return command.kind not in NOT_WHILE_PENDING
    return bool(command.registration != Registration.REJECTED)


def _urgency(command: ChargerCommand) -> int:
    if command.kind == CommandKind.SET_FALLBACK:
        return 0
    if command.kind == CommandKind.READ_LIMIT:
        return 3
    if command.kind == CommandKind.TELL_COST:
        return 4
    held_ma = None if command.connector is None else command.connector.confirmed_ma
    is_cut = (
        command.kind == CommandKind.SET_LIMIT
        and command.limit_ma is not None
        and held_ma is not None
        and command.limit_ma < held_ma
    )
    return 1 if is_cut else USUAL


def waiting_for_orders(charge_point_ids: Iterable[UUID], *, now: datetime) -> set[UUID]:
    """Those of the charge points that have something queued."""
    queued = ChargerCommand.objects.filter(state=CommandState.QUEUED, expires_at__gt=now)
    return set(
        queued.filter(charge_point_id__in=list(charge_point_ids)).values_list("charge_point_id", flat=True)
    )


class Answer(NamedTuple):
    """The outcome of a command that was sent."""

    command_id: UUID
    state: CommandState
    result: Mapping[str, Any] | None = None
    error: str = ""


def record_answer(
    command_id: UUID,
    *,
    state: CommandState,
    now: datetime,
    result: Mapping[str, Any] | None = None,
    error: str = "",
) -> bool:
    """Store what became of a sent command, once; False when it was settled before."""
    return bool(record_answers([Answer(command_id, state, result, error)], now=now))


@transaction.atomic(savepoint=False)
def record_answers(answers: Iterable[Answer], *, now: datetime) -> int:
    """Store what became of sent commands, each once; returns how many were not settled before."""
    answer_of = {answer.command_id: answer for answer in answers}
    sent = _sent(ids=answer_of)
    for command in sent:
        _, command.state, result, error = answer_of[command.pk]
        command.result = None if result is None else hide_secrets(dict(result))
        command.error = hide_secrets(error)[:300]
        # They had to be sent as they were; a person who looks back need not see them.
        command.arguments = hide_secrets(command.arguments)
        command.answered_at = now
    store_columns(sent, ("state", "answered_at", "result", "error", "arguments"))
    _settled(sent, now=now)
    return len(sent)


@prepared
def _sent(ids: Several) -> QuerySet[ChargerCommand]:
    waiting = ChargerCommand.objects.select_for_update(of=("self",), no_key=True)
    sent = waiting.filter(pk__in=ids, state=CommandState.SENT)
    return sent.select_related("charge_point").order_by("pk")


def with_unanswered(connection_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the sockets on which an answer is awaited."""
    sent = ChargerCommand.objects.filter(state=CommandState.SENT, connection_id__in=list(connection_ids))
    return {connection_id for connection_id in sent.values_list("connection_id", flat=True) if connection_id}


@transaction.atomic
def lose_sent(connection_id: UUID, *, now: datetime) -> None:
    """The socket died: commands without an answer may or may not have been applied."""
    sent = ChargerCommand.objects.filter(connection_id=connection_id, state=CommandState.SENT)
    lost = sent.values_list("pk", flat=True)
    record_answers(
        [Answer(command_id, CommandState.UNKNOWN, error="The connection was lost.") for command_id in lost],
        now=now,
    )


def lose_orphaned(*, now: datetime) -> int:
    """Note that commands on sockets whose end nobody could store have no known outcome. Returns how many."""
    orphaned = (
        ChargerCommand.objects.filter(state=CommandState.SENT, sent_at__lte=now - LEFT_TO_ITS_SOCKET)
        .exclude(connection_id=None)
        .exclude(connection_id=F("charge_point__connection_id"), charge_point__connection_id__isnull=False)
    )

    def lose(cluster_id: UUID) -> int:
        mine = orphaned.filter(charge_point__cluster=cluster_id).values_list("pk", flat=True)[:TOGETHER]
        return record_answers(
            [Answer(pk, CommandState.UNKNOWN, error="The connection was lost.") for pk in mine], now=now
        )

    return for_each_free_cluster(_clusters_of(orphaned), lose)


def expire_unsent(*, now: datetime) -> int:
    """Give up what nobody could send in time; returns how many."""
    late = ChargerCommand.objects.filter(state=CommandState.QUEUED, expires_at__lte=now)

    def expire(cluster_id: UUID) -> int:
        mine = late.filter(charge_point__cluster=cluster_id).order_by("pk").select_related("charge_point")
        expired = list(mine.select_for_update(of=("self",), no_key=True)[:TOGETHER])
        for command in expired:
            command.state, command.answered_at = CommandState.EXPIRED, now
        store_columns(expired, ("state", "answered_at"))
        _settled(expired, now=now)
        return len(expired)

    return for_each_free_cluster(_clusters_of(late), expire)


def _clusters_of(commands: QuerySet[ChargerCommand]) -> list[UUID]:
    return list(commands.order_by().values_list("charge_point__cluster_id", flat=True).distinct())


def _settled(commands: Sequence[ChargerCommand], *, now: datetime) -> None:
    """Let follow what follows from the outcomes, and wake the balancer where anything does."""
    tell_listeners(commands, now=now)
    for cluster_id in {each.charge_point.cluster_id for each in commands if not _is_setting_alone(each)}:
        waking.wake_balancer(cluster_id)


def _is_setting_alone(command: ChargerCommand) -> bool:
    """Nothing follows from its answer: eight such come with every boot, and five hundred boots with an outage's end."""
    return command.kind == CommandKind.CHANGE_CONFIGURATION and not is_heard(command)
