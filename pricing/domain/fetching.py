"""Providers of signals, asked in time: often while tomorrow is not known, and seldom after that."""

import logging
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from evbalancer.common.errors import DomainError
from evbalancer.common.loops import for_each
from evbalancer.common.security import encryption
from pricing.domain import signals
from pricing.enums import SignalKind
from pricing.models import EnergySignal
from pricing.signals.choice import SOURCES, Question
from pricing.signals.http import SourceError
from pricing.signals.series import SignalRefused

logger = logging.getLogger(__name__)

ASKED_EVERY: Final = timedelta(minutes=10)
# Day-ahead prices come once a day, early in the afternoon: with more than this ahead there is nothing new to come soon.
ENOUGH_AHEAD: Final = timedelta(hours=14)
ASKED_AT_EASE: Final = timedelta(hours=2)
# Local midnight to the end of tomorrow, on a day of 25 hours too.
SPAN: Final = timedelta(hours=49)
LONGEST_ROUND_S: Final = 240.0
ERROR_LENGTH: Final = 500


def fetch_due(*, now: datetime) -> int:
    """Ask every provider that is due. One that does not answer keeps no other waiting for long. Returns how many said something new."""
    rows = EnergySignal.objects.filter(active=True, community__retired_at=None)
    due = signals.with_state(rows.exclude(kind=SignalKind.BY_HAND), now=now).select_related("community")
    return for_each(
        [signal for signal in due if _is_due(signal, now=now)],
        lambda signal: fetch_signal(signal, now=now),
        what="Energy signal",
        longest_s=LONGEST_ROUND_S,
    )


def _is_due(signal: EnergySignal, *, now: datetime) -> bool:
    if signal.asked_at is None:
        return True
    known_until = getattr(signal, "known_until", None)
    is_enough = not signal.error and known_until is not None and known_until - now > ENOUGH_AHEAD
    return now - signal.asked_at >= (ASKED_AT_EASE if is_enough else ASKED_EVERY)


def fetch_signal(signal: EnergySignal, *, now: datetime) -> bool:
    """Ask the provider once. True where it said something new; what failed stands in the signal's `error`."""
    error, is_new = "", False
    try:
        is_new = _ask(signal, now=now)
    except (SourceError, SignalRefused, DomainError) as failure:
        logger.warning("Energy signal %s: %s", signal.pk, type(failure).__name__)
        error = str(failure)[:ERROR_LENGTH]
    except Exception:
        # An odd answer of one provider must not keep the others from being asked.
        logger.exception("Energy signal %s could not be read", signal.pk)
        error = "The answer could not be read; see the log."
    EnergySignal.objects.filter(pk=signal.pk).update(asked_at=now, error=error)
    signal.asked_at, signal.error = now, error
    return is_new


def _ask(signal: EnergySignal, *, now: datetime) -> bool:
    told = SOURCES[signal.kind](_question(signal, now=now)).read()
    series = signals.judge_told(signal, told, now=now)
    origin = f"{signal.get_kind_display()} {signal.area}".strip()
    stored = signals.store_series(signal, series, published_at=told.published_at, origin=origin, now=now)
    return stored is not None


def _question(signal: EnergySignal, *, now: datetime) -> Question:
    zone = ZoneInfo(signal.community.time_zone)
    midnight = datetime.combine(now.astimezone(zone).date(), time.min, tzinfo=zone)
    token = encryption.decrypt(signal.token_encrypted) if signal.token_encrypted else ""
    return Question(signal.area, token, signal.url, midnight, midnight + SPAN)
