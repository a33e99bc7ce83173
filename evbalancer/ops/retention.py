"""What is kept how long: the ledgers of all apps, cleared in small batches. docs/retention.md is the policy."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from chargers.domain.archive import commands, means, messages
from chargers.domain.cards import refused
from drivers.domain import notifications, webhooks
from evbalancer.common.db.batches import Ledger
from evbalancer.ops.partitions import keep_partitions
from fleet.domain import vehicles
from grid.domain.retention.periods import Kept, read_periods
from grid.domain.retention.readings import readings_ledger
from grid.domain.retention.rounds import clear_ledgers
from pricing.domain.statements.lines import find_unsettled
from scheduling.domain.alarms import sending
from scheduling.domain.balancing.thinning import runs_ledger

# Of each run; the next one goes on where this one ended.
LONGEST_S: Final = 60.0


def ledgers(*, now: datetime) -> Sequence[Ledger]:
    values, five_minutes, runs, log = (read_periods(kept, now=now) for kept in Kept)
    return (
        means.values_ledger(values, find_needed=find_unsettled),
        means.means_ledger(five_minutes),
        readings_ledger(values),
        runs_ledger(runs),
        messages.log_ledger(log),
        commands.commands_ledger(log),
        vehicles.old_readings(now=now),
        webhooks.old_deliveries(now=now),
        notifications.old_notifications(now=now),
        sending.old_notices(now=now),
        refused.old_refused(now=now),
    )


def clear_old_rows(*, now: datetime) -> int:
    """Returns how many rows are gone, besides those of dropped partitions."""
    keep_partitions(now=now)
    return clear_ledgers(ledgers(now=now), now=now, longest_s=LONGEST_S)
