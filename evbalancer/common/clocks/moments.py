"""A moment in a request: with its own offset, or wall-clock time of a zone that the request names."""

import zoneinfo
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, gettext_lazy
from rest_framework import serializers

ZONES = zoneinfo.available_timezones()
FIRST_YEAR, LAST_YEAR = 2000, 2199
FURTHEST_ZONE = timedelta(hours=16)
TOO_FAR = gettext_lazy("A year from 2000 to 2199.")


class MomentField(serializers.DateTimeField):
    """ISO 8601. Kept naive when no offset is given; `place` makes it a moment."""

    # Far from the ends of the calendar, so that zones and periods can be added to it.
    default_error_messages = {"out_of_range": TOO_FAR}

    def enforce_timezone(self, value: datetime) -> datetime:
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            self.fail("out_of_range")
        # PostgreSQL takes no zone sixteen hours from UTC, which ISO 8601 can write.
        return value.astimezone(UTC) if timezone.is_aware(value) else value


class ZonedMomentField(MomentField):
    """ISO 8601 with its offset: machines and managers in several zones mean the same moment by it."""

    default_error_messages = {"zone_missing": "Give the offset too, for example 2026-05-01T17:00:00+02:00."}

    def enforce_timezone(self, value: datetime) -> datetime:
        if timezone.is_naive(value):
            self.fail("zone_missing")
        return super().enforce_timezone(value)


class ZoneField(serializers.CharField):
    """An IANA time zone, for example Europe/Berlin."""

    default_error_messages = {"unknown_zone": "{name} is not an IANA time zone, for example Europe/Berlin."}

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name not in ZONES:
            self.fail("unknown_zone", name=name[:64])
        return str(name)


def place(moment: datetime, zone: str | None, *, field: str) -> datetime:
    """An aware moment. In the hour that a clock change repeats the first one is meant, a skipped one is refused."""
    if timezone.is_aware(moment):
        return moment
    if zone is None:
        raise serializers.ValidationError(
            {field: [gettext("Give an offset, or name a time_zone.")]}, code="zone_missing"
        )
    local = moment.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    back = local.astimezone(zoneinfo.ZoneInfo("UTC")).astimezone(local.tzinfo)
    if abs(back.replace(tzinfo=None) - moment) > timedelta(0):
        raise serializers.ValidationError(
            {field: [gettext("The clocks skip this time.")]}, code="time_skipped"
        )
    return local


def is_of_no_zone(text: str) -> bool:
    """A moment whose zone is further from UTC than PostgreSQL takes it; ISO 8601 can write a day less a minute."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return False
    offset = None if moment is None else moment.utcoffset()
    return offset is not None and abs(offset) >= FURTHEST_ZONE
