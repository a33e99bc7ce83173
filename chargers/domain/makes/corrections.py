"""Corrections to the messages of a make before they could be read: counted, for its page."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F

from chargers.domain.makes import makes
from chargers.models import ChargePoint, MakeCorrection
from chargers.reports.log import Correction

# Of one make: names of properties are the charge point's own, so that there could be any number of them.
MOST_KINDS = 200
REST = ("", "", "others")
LONGEST = {"action": 48, "place": 120, "how": 60, "word": 40}


class Noted(NamedTuple):
    """The corrections of one message."""

    charge_point_id: UUID
    action: str
    corrections: tuple[Correction, ...]


class Kind(NamedTuple):
    action: str
    place: str
    how: str


@transaction.atomic
def count_corrections(noted: Sequence[Noted], *, now: datetime) -> None:
    """Add them to what is known of the makes."""
    charge_points = ChargePoint.objects.select_related("make").in_bulk({one.charge_point_id for one in noted})
    counts: dict[UUID, Counter[Kind]] = {}
    words: dict[tuple[UUID, Kind], str] = {}
    for charge_point_id, action, corrections in noted:
        charge_point = charge_points.get(charge_point_id)
        if charge_point is None:
            continue
        if charge_point.make is None:
            makes.note_make(charge_point)
        assert charge_point.make_id is not None  # noqa: S101 (it has one since the line above)
        mine = counts.setdefault(charge_point.make_id, Counter())
        for one in corrections:
            kind = Kind(action[: LONGEST["action"]], one.place[: LONGEST["place"]], one.how[: LONGEST["how"]])
            mine[kind] += one.times
            if one.word:
                words[charge_point.make_id, kind] = one.word[: LONGEST["word"]]
    for make_id in sorted(counts):
        _add(make_id, counts[make_id], words, now=now)


def _add(
    make_id: UUID, counted: Counter[Kind], words: Mapping[tuple[UUID, Kind], str], *, now: datetime
) -> None:
    rows = MakeCorrection.objects.filter(make_id=make_id)
    known = {Kind(*kind) for kind in rows.values_list("action", "place", "how")}
    room = MOST_KINDS - len(known)
    for kind, count in sorted(_bounded(counted, known, room)):
        row, is_new = MakeCorrection.objects.get_or_create(
            make_id=make_id,
            **kind._asdict(),
            defaults={
                "count": count,
                "first_at": now,
                "last_at": now,
                "word": words.get((make_id, kind), ""),
            },
        )
        if not is_new:
            word = words.get((make_id, kind))
            rows.filter(pk=row.pk).update(
                count=F("count") + count, last_at=now, **({"word": word} if word else {})
            )


def _bounded(counted: Counter[Kind], known: set[Kind], room: int) -> Iterable[tuple[Kind, int]]:
    rest = 0
    for kind, count in counted.items():
        if kind in known or room > 0:
            room -= kind not in known
            yield kind, count
        else:
            rest += count
    if rest:
        yield Kind(*REST), rest
