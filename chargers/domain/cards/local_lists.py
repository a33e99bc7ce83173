"""Local authorization lists: the cards that a charge point knows without asking, kept in step once it took a full list.

The list that it holds is compared with the list that it should hold. The difference goes out one message at a time, withdrawals
first, and its answer brings the next. So changes in between are sent as one, and a list that is longer than one message
goes in pieces. OCPP 1.6 section 5.15, 2.0.1 part 2 section D.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from chargers.domain.access.judging import StationBook, restrict_outcome
from chargers.domain.orders import abilities, commands
from chargers.enums import CommandKind, CommandState, OcppVersion
from chargers.models import ChargePoint, ChargerCommand, LocalList
from chargers.models.command import NEVER_SENT_STATES, OPEN_STATES
from chargers.orders.trust import ListEntry, SendLocalList
from chargers.orders.upkeep import ReadConfiguration
from chargers.orders.words import ListStatus
from drivers.domain.drivers import AuthorizeOutcome, valid_cards
from drivers.enums import AuthorizationStatus
from evbalancer.common.loops import for_each
from grid.models import Community

BY = "local list"
EXPIRES_S = 90 * 86_400
# The length that every charge point with a list takes, until it says more.
USUAL_BATCH = 20
LARGEST_BATCH = 1_000
MOST_FAILURES = 3
BATCH_KEY, ROOM_KEY = "SendLocalListMaxLength", "LocalAuthListMaxLength"
LONGEST_COUNT = 6
LONGEST_TOKEN = {OcppVersion.V16.value: 20}

# Cards, and until when each may charge: in ISO's words, empty for ever.
Cards = dict[str, str]


def next_version(charge_point: ChargePoint) -> int:
    """One more than any version that was given before, taken or not."""
    return commands.last_number(charge_point, CommandKind.SEND_LOCAL_LIST, "version") + 1


@transaction.atomic
def follow_access(charge_point_id: UUID, community_id: UUID, *, now: datetime) -> None:
    """Bring the list of a charge point into step with whoever may charge there."""
    _follow(_rows(charge_point=charge_point_id), community_id, now=now)


@transaction.atomic
def follow_cards(community_id: UUID, *, now: datetime) -> None:
    """Bring the lists of a community's charge points into step with its cards."""
    _follow(_rows(charge_point__community_id=community_id), community_id, now=now)


def follow_all(*, now: datetime) -> int:
    """Follow changes without an event: suspensions that lapsed, answers that never came. Returns how many lists were checked."""

    @transaction.atomic
    def follow_one(community_id: UUID) -> int:
        rows = _rows(charge_point__community_id=community_id, failures__lt=MOST_FAILURES)
        return _follow(rows, community_id, now=now)

    ids = Community.objects.filter(retired_at=None).values_list("pk", flat=True)
    return for_each(ids, follow_one, what="Community")


def is_own_question(command: ChargerCommand) -> bool:
    """Whether it was asked here."""
    return command.is_of_job(BY)


def learn_bounds(command: ChargerCommand, *, now: datetime) -> None:
    """Keep how much the charge point takes: in one message, and in all."""
    told = {one["key"]: one.get("value") for one in (command.result or {}).get("configurationKey", [])}
    found = {"batch": _count(told.get(BATCH_KEY)), "room": _count(told.get(ROOM_KEY))}
    LocalList.objects.filter(charge_point_id=command.charge_point_id).update(**found)


def note_list_answer(command: ChargerCommand, *, now: datetime) -> None:
    """Note what a charge point holds since its answer, and send what is still missing."""
    _note_version(command)
    row = _rows(charge_point_id=command.charge_point_id).first()
    if command.state == CommandState.ACCEPTED:
        row = _taken(command, row, now=now)
    elif row is not None and command.state not in NEVER_SENT_STATES:
        row.failures += 1
        row.save(update_fields=["failures"])
    # After one failure the whole list, at once; after more of them only with time.
    if row is not None and row.failures <= 1:
        _send_next(row, _good_at([row], row.community_id, now=now)[row.charge_point_id], now=now)


def _note_version(command: ChargerCommand) -> None:
    """A list that went in pieces is at the version of its last one, and the next must be higher."""
    version = (command.result or {}).get("version")
    if version is not None:
        command.arguments = {**command.arguments, "version": version}
        command.save(update_fields=["arguments"])


def _rows(**lookup: Any) -> QuerySet[LocalList]:
    rows = LocalList.objects.select_for_update(of=("self",), no_key=True).select_related("charge_point")
    return rows.filter(charge_point__retired_at=None, **lookup).order_by("pk")


def _follow(rows: Iterable[LocalList], community_id: UUID, *, now: datetime) -> int:
    lists = list(rows)
    good = _good_at(lists, community_id, now=now)
    for row in lists:
        _send_next(row, good[row.charge_point_id], now=now)
    return len(lists)


def _good_at(
    rows: Collection[LocalList], community_id: UUID, *, now: datetime
) -> dict[UUID, dict[str, datetime | None]]:
    """The cards that each charge point would accept now, and until when. Where hours end, a card ends with them; when they begin, it
    is on the list again."""
    if not rows:
        return {}
    cards = valid_cards(community_id, now=now)
    places = StationBook({row.charge_point_id for row in rows})
    good: dict[UUID, dict[str, datetime | None]] = {row.charge_point_id: {} for row in rows}
    for charge_point_id, tokens in good.items():
        for card in cards:
            told = AuthorizeOutcome(AuthorizationStatus.ACCEPTED, card.driver, card.expires_at)
            told = restrict_outcome(told, places.judge(charge_point_id, card.driver, at=now))
            if told.status == AuthorizationStatus.ACCEPTED:
                tokens[card.token] = told.expires_at
    return good


def _send_next(row: LocalList, valid: Mapping[str, datetime | None], *, now: datetime) -> None:
    """Queue the next message, in the place of one that was not sent yet and says something else. While an answer is awaited, nothing."""
    sent = ChargerCommand.objects.filter(
        charge_point=row.charge_point, kind=CommandKind.SEND_LOCAL_LIST, state__in=OPEN_STATES
    )
    order, mine = _next_message(row, _wanted(row, valid)), sent.filter(**commands.of_job(BY))
    if order is not None and _is_queued(order, mine):
        return
    commands.take_back(mine, now=now)
    if sent.exists() or CommandKind.SEND_LOCAL_LIST not in abilities.kinds_of(row.charge_point):
        return
    if order is not None:
        commands.queue_command(row.charge_point, order, by=BY, now=now, expires_s=EXPIRES_S)


def _is_queued(order: SendLocalList, mine: QuerySet[ChargerCommand]) -> bool:
    """Whether the same waits already, whatever its version: a charge point that is away for weeks needs one command."""
    waiting = [command.read_as(SendLocalList) for command in mine.filter(state=CommandState.QUEUED)]
    return any(each is not None and replace(each, version=order.version) == order for each in waiting)


def _wanted(row: LocalList, valid: Mapping[str, datetime | None]) -> Cards:
    """Those on the list already come before others where there isn't room for all."""
    wanted = _fitting(valid, row.charge_point)
    if row.chosen is not None:
        wanted &= set(row.chosen)
    kept = sorted(wanted, key=lambda token: (token not in row.listed, token))[: row.room]
    return {token: _worded(valid[token]) for token in kept}


def _fitting(tokens: Iterable[str], charge_point: ChargePoint) -> set[str]:
    longest = LONGEST_TOKEN.get(charge_point.ocpp_version)
    return {token for token in tokens if longest is None or len(token) <= longest}


def _next_message(row: LocalList, wanted: Cards) -> SendLocalList | None:
    batch, version = min(row.batch or USUAL_BATCH, LARGEST_BATCH), next_version(row.charge_point)
    if row.failures:
        first = tuple(_entry(token, wanted[token]) for token in list(wanted)[:batch])
        return SendLocalList(version=version, entries=first)
    gone = [ListEntry(id_tag=token) for token in row.listed if token not in wanted]
    new = [_entry(token, until) for token, until in wanted.items() if row.listed.get(token) != until]
    if not gone and not new:
        return None
    return SendLocalList(version=version, differential=True, entries=tuple([*gone, *new][:batch]))


def _entry(token: str, until: str) -> ListEntry:
    return ListEntry(id_tag=token, status=ListStatus.ACCEPTED, expires_at=until or None)


def _worded(until: datetime | None) -> str:
    return "" if until is None else until.isoformat()


def _taken(command: ChargerCommand, row: LocalList | None, *, now: datetime) -> LocalList | None:
    """The list after a message that the charge point took; None where nobody knows what it held before."""
    sent = command.read_as(SendLocalList)
    if sent is None:
        return row
    is_full = not sent.differential
    if row is None:
        if not is_full:
            return None
        row = LocalList(community_id=command.community_id, charge_point=command.charge_point)
        _ask_for_room(command.charge_point, now=now)
    on = {one.id_tag: one.expires_at or "" for one in sent.entries if one.status == ListStatus.ACCEPTED}
    off = {one.id_tag for one in sent.entries} - on.keys()
    held = {} if is_full else {token: until for token, until in row.listed.items() if token not in off}
    if not command.is_of_job(BY):
        row.chosen = _chosen(row, on, off, is_full=is_full, now=now)
    row.listed, row.failures, row.told_at = held | on, 0, now
    row.save()
    return row


def _chosen(
    row: LocalList, on: Mapping[str, str], off: set[str], *, is_full: bool, now: datetime
) -> list[str] | None:
    """A person's choice for a list by hand: these cards, or all of them, also those to come."""
    if is_full:
        good = _good_at([row], row.community_id, now=now)[row.charge_point_id]
        valid = _fitting(good, row.charge_point)
        return None if valid <= on.keys() else sorted(on)
    if row.chosen is None and not off:
        return None
    before = row.listed if row.chosen is None else row.chosen
    return sorted({*before, *on} - off)


def _ask_for_room(charge_point: ChargePoint, *, now: datetime) -> None:
    commands.queue_command(
        charge_point,
        ReadConfiguration(keys=(BATCH_KEY, ROOM_KEY)),
        by=BY,
        now=now,
        expires_s=600,
    )


def _count(value: Any) -> int | None:
    """A count as a charge point tells it; None for what can't be one, 0 included."""
    text = str(value)
    return int(text) or None if text.isascii() and text.isdecimal() and len(text) <= LONGEST_COUNT else None
