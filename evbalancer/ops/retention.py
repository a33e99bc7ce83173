"""What is kept how long: the ledgers of all apps, cleared in small batches. docs/retention.md is the policy."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from chargers.domain.archive import means
from evbalancer.common.db.batches import Ledger
from grid.domain.retention.periods import Kept, read_periods
from grid.domain.retention.rounds import clear_ledgers
from pricing.domain.statements.lines import find_unsettled

# Of each run; the next one goes on where this one ended.
LONGEST_S: Final = 60.0


def ledgers(*, now: datetime) -> Sequence[Ledger]:
    values, five_minutes = (read_periods(kept, now=now) for kept in (Kept.METER_VALUES, Kept.MEANS))
    return (
        means.values_ledger(values, find_needed=find_unsettled),
        means.means_ledger(five_minutes),
    )


def clear_old_rows(*, now: datetime) -> int:
    """Returns how many rows are gone."""
    return clear_ledgers(ledgers(now=now), now=now, longest_s=LONGEST_S)
