"""How long each community keeps what: its own numbers of days, as moments and as conditions of queries."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Q

from grid.models import Community


class Kept(StrEnum):
    """What is kept for a number of days of the community's choice: the name of the choice's column."""

    METER_VALUES = "meter_values_days"
    MEANS = "means_days"
    RUNS = "runs_days"
    LOG = "log_days"


@dataclass(frozen=True, slots=True)
class Periods:
    """By community the moment before which rows are over their time."""

    ends: Mapping[UUID, datetime]

    def match_over(self, moment: str) -> Q:
        """Rows of a table with `community_id` whose `moment` is over. Communities that keep alike share a condition."""
        alike: dict[datetime, list[UUID]] = defaultdict(list)
        for community_id, end in self.ends.items():
            alike[end].append(community_id)
        if not alike:
            return Q(pk__in=[])
        last = max(alike, key=lambda end: len(alike[end]))
        others = [each for end, ids in alike.items() if end != last for each in ids]
        # The most frequent choice is everything else: hundreds of ids would be read for every row.
        found = (
            Q(**{f"{moment}__lt": last}) & ~Q(community_id__in=others)
            if others
            else Q(**{f"{moment}__lt": last})
        )
        for end, ids in alike.items():
            if end != last:
                found |= Q(**{f"{moment}__lt": end}, community_id__in=ids)
        return Q(**{f"{moment}__lt": max(alike)}) & found


def read_periods(kept: Kept, *, now: datetime) -> Periods:
    """Of all communities, retired ones too."""
    rows = Community.objects.values_list("pk", kept.value)
    return Periods({pk: now - timedelta(days=days) for pk, days in rows})
