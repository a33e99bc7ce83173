"""Moments in the names of rows: on the wall clock that is active, and never without saying which that is."""

from datetime import datetime

from django.utils import timezone


def named(moment: datetime, form: str = "%F %H:%M") -> str:
    """For example "2026-11-29 02:24 CET"."""
    return f"{timezone.localtime(moment):{form} %Z}"
