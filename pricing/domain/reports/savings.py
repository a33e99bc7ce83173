"""What sessions saved against charging at once, summed as far as it is known."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from pricing.models import LoadProfile


@dataclass(frozen=True, slots=True)
class Saving:
    """The sum over the compared sessions, in minor units; of the `unknown` ones a price is missing, or they are not measured yet."""

    saved_minor: int
    compared: int
    unknown: int


def savings_of(session_ids: Collection[UUID]) -> Mapping[UUID, int | None]:
    """What each measured session saved. One query."""
    rows = LoadProfile.objects.filter(session__in=session_ids)
    return {row.session_id: row.saved_minor for row in rows.only("session_id", "cost_minor", "at_once_minor")}


def sum_savings(saved_minor: Iterable[int | None]) -> Saving:
    """One entry a session; None where it is not known."""
    told = list(saved_minor)
    known = [each for each in told if each is not None]
    return Saving(sum(known), len(known), len(told) - len(known))
