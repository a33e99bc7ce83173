"""A driver's booked slots as an iCalendar feed (RFC 5545) at a secret address of which only a hash is kept."""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

from django.db import transaction
from django.utils.translation import gettext, override

from drivers.domain.belonging import match_belonging
from drivers.domain.language import language_of_driver
from drivers.models import Driver
from evbalancer.common.errors import NotFound
from evbalancer.common.plain import printable
from evbalancer.common.security.digests import digest
from evbalancer.common.words.amounts import kwh
from evbalancer.common.words.said import Said
from grid.domain import audit
from scheduling.enums import SlotState
from scheduling.models import CalendarFeed, SlotRequest
from scheduling.models.slot_request import OPEN_SLOT_STATES

TOKEN_BYTES = 32
LONGEST_LINE = 75


@transaction.atomic
def open_feed(driver: Driver, *, actor: audit.Actor, now: datetime) -> str:
    """Return a new token, the only time that it is seen. The one before it ends."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {"community_id": driver.community_id, "token_digest": digest(token), "created_at": now}
    feed, _ = CalendarFeed.objects.update_or_create(driver=driver, defaults=values)
    audit.record_entry(actor=actor, action="calendar.opened", target=feed, now=now)
    return token


@transaction.atomic
def close_feed(driver: Driver, *, actor: audit.Actor, now: datetime) -> None:
    for feed in CalendarFeed.objects.filter(driver=driver):
        audit.record_entry(actor=actor, action="calendar.closed", target=feed, now=now)
        feed.delete()


def read_feed(token: str, *, now: datetime) -> str:
    """The calendar behind a token. Raises NotFound for one that is wrong, was revoked, or whose driver has left."""
    feed = (
        CalendarFeed.objects.select_related("driver__user", "driver__community")
        .filter(match_belonging("driver__"), token_digest=digest(token), driver__user__isnull=False)
        .first()
    )
    if feed is None:
        raise NotFound(Said("refusal.no_calendar"))
    driver = feed.driver
    slots = SlotRequest.objects.filter(driver=driver, state__in=OPEN_SLOT_STATES, ready_by__gt=now)
    places = ("connector__charge_point", "planned_connector__charge_point", "cluster")
    with override(language_of_driver(driver)):
        return render_calendar(slots.select_related(*places).order_by("ready_by"), name=driver.community.name)


def render_calendar(slots: Iterable[SlotRequest], *, name: str) -> str:
    """An iCalendar object with one event a slot, in the language that is active."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//EV Balancer//Slots//EN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_escaped(name)}",
        *(line for slot in slots for line in _event(slot)),
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _event(slot: SlotRequest) -> list[str]:
    state = SlotState(slot.state)
    place = slot.connector or slot.planned_connector or slot.cluster
    told = gettext("%(promised)s of %(energy)s are promised.") % {
        "promised": kwh(slot.promised_wh),
        "energy": kwh(slot.energy_wh),
    }
    return [
        "BEGIN:VEVENT",
        f"UID:{slot.pk}@evbalancer",
        f"DTSTAMP:{_moment(slot.state_since)}",
        f"DTSTART:{_moment(slot.not_before)}",
        f"DTEND:{_moment(slot.ready_by)}",
        f"SUMMARY:{_escaped(f'{state.label}: {kwh(slot.energy_wh)}')}",
        f"DESCRIPTION:{_escaped(told)}",
        f"LOCATION:{_escaped(str(place))}",
        f"STATUS:{'TENTATIVE' if state == SlotState.QUEUED else 'CONFIRMED'}",
        "END:VEVENT",
    ]


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """Section 3.3.11. Other control characters may not stand in a text."""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return printable(plain)


def _folded(line: str) -> str:
    """Section 3.1: at most 75 octets a line, and no character is cut in two."""
    pieces = [""]
    for character in line:
        room = LONGEST_LINE if len(pieces) == 1 else LONGEST_LINE - 1
        if len((pieces[-1] + character).encode()) > room:
            pieces.append("")
        pieces[-1] += character
    return "\r\n ".join(pieces)
