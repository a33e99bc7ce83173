"""What charge points tell of a command after its answer: of an update, an upload or a report. It is kept with the command, and ends it."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet

from chargers.domain.orders.secrets import hide_secrets
from chargers.enums import CommandKind, CommandState, LaterState
from chargers.models import ChargerCommand
from chargers.orders.base import number_of
from chargers.reports.base import Source
from chargers.reports.news import Later

# A download may be ordered for the next night, and a reboot takes its time.
HEARD_FOR: Final = timedelta(days=7)
# Of one kind and one charge point: more are not looked through.
MOST_LOOKED_AT: Final = 50
MOST_PARTS: Final = 500
NUMBERS: Final = ("request_number", "requestId")
UPDATES: Final = (CommandKind.UPDATE_FIRMWARE,)


def note_later(source: Source, later: Later, *, now: datetime) -> None:
    """Keep it with the command that it is about. One that nobody here ordered is in the OCPP log alone."""
    command = _find_command(source, later, now=now)
    if command is None:
        return
    parts = None
    if later.parts:
        told: list[Any] = [*(command.later_parts or ()), *hide_secrets(list(later.parts), is_cut=True)]
        parts = told[:MOST_PARTS]
    command.later_state, command.later_word, command.later_at = later.state, later.word[:40], now
    command.later_parts = parts or command.later_parts
    command.save(update_fields=["later_state", "later_word", "later_at", "later_parts"])


def failed_updates(*, now: datetime) -> QuerySet[ChargerCommand]:
    """Updates of firmware that failed lately, and after which none was ordered."""
    newer = ChargerCommand.objects.filter(
        charge_point=OuterRef("charge_point"), kind__in=UPDATES, queued_at__gt=OuterRef("queued_at")
    )
    return ChargerCommand.objects.filter(
        ~Exists(newer),
        kind__in=UPDATES,
        state=CommandState.ACCEPTED,
        queued_at__gt=now - HEARD_FOR,
        later_state=LaterState.FAILED,
        charge_point__retired_at=None,
    )


def _find_command(source: Source, later: Later, *, now: datetime) -> ChargerCommand | None:
    """The command with its number; without a number the newest of its kind that is not at its end."""
    asked = ChargerCommand.objects.filter(
        charge_point_id=source.charge_point_id,
        kind__in=later.kinds,
        # Its answer may be stored a moment later than what comes after it.
        state__in=(CommandState.SENT, CommandState.ACCEPTED),
        queued_at__gt=now - HEARD_FOR,
    )
    newest = asked.order_by("-queued_at")[:MOST_LOOKED_AT]
    for command in newest:
        if later.number is None or _number(command) == later.number:
            return command
    return None


def _number(command: ChargerCommand) -> int:
    """As it was sent with it."""
    given = {**command.arguments, **(command.arguments.get("payload") or {})}
    told = next((given[name] for name in NUMBERS if isinstance(given.get(name), int)), None)
    return number_of(command.pk, told)
