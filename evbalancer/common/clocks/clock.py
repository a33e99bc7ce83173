"""Moments in the names of rows: on the wall clock that is active, and never without saying which that is."""

from datetime import datetime

from django.utils import dateformat, timezone


def worded(moment: datetime, form: str) -> str:
    """On the active clock, with names of days and months in the active language: "D d M, H:i" is "Sun 29 Nov, 02:24"."""
    return dateformat.format(timezone.localtime(moment), form)


def named(moment: datetime, form: str = "%F %H:%M") -> str:
    """For example "2026-11-29 02:24 CET"."""
    return f"{timezone.localtime(moment):{form} %Z}"
