"""A charge point at a glance: whether it is there, what it is, and what it answered last. One query, however much it has."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.utils.translation import gettext

from chargers.admin.charge_point import OFFLINE, ONLINE, RETIRED, presence_of
from chargers.domain import presence
from chargers.enums import CommandState, LaterState
from chargers.models import ChargePoint, ChargerCommand, Connector
from evbalancer.common.admin.panels import Figure, page_of
from evbalancer.common.admin.wording import NOTHING, ago, moment
from evbalancer.common.words.amounts import amps

FAILURES: Final = (CommandState.REJECTED, CommandState.ERROR, CommandState.UNKNOWN)


def figures_of(charge_point: ChargePoint, connectors: Sequence[Connector], *, now: datetime) -> list[Figure]:
    commands = charge_point.commands.select_related("connector")
    return [
        _presence(charge_point, now=now),
        Figure(gettext("Last seen"), ago(charge_point.last_seen_at), moment(charge_point.last_seen_at)),
        Figure(
            gettext("Model"),
            f"{charge_point.vendor} {charge_point.model}".strip() or NOTHING,
            charge_point.serial_number,
        ),
        Figure(
            gettext("Firmware"),
            charge_point.firmware_version or NOTHING,
            charge_point.get_ocpp_version_display(),
        ),
        _limit(charge_point, connectors),
        _last_command(commands.order_by("-queued_at").first()),
    ]


def _presence(charge_point: ChargePoint, *, now: datetime) -> Figure:
    word = presence_of(charge_point, now=now)
    since = {
        ONLINE: charge_point.connected_at,
        OFFLINE: presence.offline_since(charge_point),
        RETIRED: charge_point.retired_at,
    }.get(word)
    note = gettext("since %(time)s") % {"time": moment(since)} if since is not None else ""
    return Figure(gettext("State"), gettext(word), note, tone={ONLINE: "ok", OFFLINE: "bad"}.get(word, ""))


def _limit(charge_point: ChargePoint, connectors: Sequence[Connector]) -> Figure:
    """What each connector confirmed, in their order."""
    told = [amps(one.confirmed_ma) if one.confirmed_ma is not None else NOTHING for one in connectors]
    most_ma = charge_point.station_limit_ma
    note = "" if most_ma is None else gettext("together at most %(amps)s") % {"amps": amps(most_ma)}
    return Figure(gettext("Limit"), " · ".join(told) or NOTHING, note)


def _last_command(command: ChargerCommand | None) -> Figure:
    name = gettext("Last command")
    if command is None:
        return Figure(name, NOTHING, gettext("Nothing was asked of it yet."))
    asked = command.get_kind_display()
    if command.limit_ma is not None:
        asked = f"{asked}: {amps(command.limit_ma)}"
    bad = command.state in FAILURES or command.later_state == LaterState.FAILED
    note = f"{answer_of(command)}, {ago(command.answered_at or command.queued_at)}"
    return Figure(name, asked, note, page_of(command), "bad" if bad else "")


def answer_of(command: ChargerCommand) -> str:
    """What its charge point said to a command, and told afterwards."""
    state = command.get_state_display()
    parts = [f"{state} ({command.error})" if command.error else state]
    if command.later_state:
        later = command.get_later_state_display()
        parts.append(f"{later} ({command.later_word})" if command.later_word else later)
    return "; ".join(parts)
