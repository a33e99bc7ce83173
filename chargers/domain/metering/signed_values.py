"""Keeps what meters sign with the session that they metered: unaltered, once however often it is sent, and bounded."""

import hashlib
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from chargers.domain.metering import meter_keys, samples
from chargers.models import Session, SignedMeterValue
from chargers.reports.charging import MeterReport, SignedValue, StopReport
from evbalancer.common.db.locks import LONGEST_ROW_WAIT, bound_waits

logger = logging.getLogger(__name__)

# OCPP 2.1's own bound of one; 1.6 has none.
MOST_CHARACTERS = 32_768
MOST_KEY_CHARACTERS = 2_500
# A meter that signs every ten seconds could fill a disk. The values at both ends prove a bill, so they have places of their own.
MOST_OF_SESSION = 200
MOST_AT_ENDS = 20
ENDS = (samples.BEGIN, samples.END)


class Kept(NamedTuple):
    """A signed value and whose it is."""

    session_id: UUID
    community_id: UUID
    received_at: datetime
    value: SignedValue

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.value.data.encode()).hexdigest()


def of_session(session_id: UUID, report: MeterReport | StopReport) -> list[Kept]:
    """The signed values of a report that is of this session."""
    community_id = report.source.community_id
    return [Kept(session_id, community_id, report.received_at, value) for value in report.signed]


def keep_signed(found: Sequence[Kept]) -> None:
    """Store the values that aren't stored yet. A value that is too long is not kept: cut, it would prove nothing."""
    if not found:
        return
    wanted: dict[tuple[UUID, str], Kept] = {}
    for each in found:
        wanted.setdefault((each.session_id, each.digest), each)
    rows = SignedMeterValue.objects.filter(session_id__in={each.session_id for each in found})
    counts: Counter[tuple[UUID, bool]] = Counter()
    for session_id, digest, context in rows.values_list("session_id", "digest", "context"):
        counts[session_id, context in ENDS] += 1
        wanted.pop((session_id, digest), None)
    fresh = [each for each in wanted.values() if _fits(each, counts)]
    if fresh:
        bound_waits(LONGEST_ROW_WAIT)
        keys = _keys_of_meters(fresh)
        made = [_row(each, keys.get(each.session_id, "")) for each in fresh]
        SignedMeterValue.objects.bulk_create(made, ignore_conflicts=True)


def _keys_of_meters(fresh: Sequence[Kept]) -> dict[UUID, str]:
    """By session, for values that bring no key; where none is known its charge point is asked."""
    keyless = {each.session_id: each for each in fresh if not each.value.public_key}
    if not keyless:
        return {}
    keys: dict[UUID, str] = {}
    sessions = Session.objects.filter(pk__in=keyless).select_related("connector__charge_point")
    for session in sessions:
        keys[session.pk] = session.connector.meter_public_key
        if not keys[session.pk]:
            meter_keys.ask_key(session.connector, now=keyless[session.pk].received_at)
    return keys


def as_words(value: SignedValue) -> dict[str, Any]:
    """For a place where a transaction waits for its EVSE."""
    at = value.measured_at
    return {**value._asdict(), "measured_at": None if at is None else at.isoformat()}


def from_words(words: dict[str, Any]) -> SignedValue:
    at = words["measured_at"]
    return SignedValue(**{**words, "measured_at": None if at is None else datetime.fromisoformat(at)})


def _fits(each: Kept, counts: Counter[tuple[UUID, bool]]) -> bool:
    is_end = each.value.context in ENDS
    if len(each.value.data) > MOST_CHARACTERS:
        logger.warning(
            "Session %s: a signed value of %d characters is too long to keep",
            each.session_id,
            len(each.value.data),
        )
        return False
    if counts[each.session_id, is_end] >= (MOST_AT_ENDS if is_end else MOST_OF_SESSION):
        return False
    counts[each.session_id, is_end] += 1
    return True


def _row(each: Kept, key_of_meter: str) -> SignedMeterValue:
    value = each.value
    return SignedMeterValue(
        community_id=each.community_id,
        session_id=each.session_id,
        received_at=each.received_at,
        measured_at=value.measured_at,
        context=value.context[:24],
        data=value.data,
        encoding=value.encoding[:50],
        method=value.method[:50],
        # Half a key is none.
        public_key=(value.public_key or key_of_meter) if len(value.public_key) <= MOST_KEY_CHARACTERS else "",
        digest=each.digest,
    )
