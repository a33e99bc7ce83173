"""Sabotages of what is around the cars: tenants, audit, what is left over, and what grows."""

from benchmarks.sabotages.lives import at
from benchmarks.sabotages.power import always
from benchmarks.sabotages.sabotage import Sabotage
from chargers.models import Connector

SABOTAGES = (
    Sabotage(
        "a tenant filter is dropped",
        ("evbalancer.common.security.tenancy:TenantViewSet.visible",),
        lambda _: lambda _self, rows: rows,
        at("N1", hours=0.7),
    ),
    Sabotage(
        "an answer about a fallback is kept for all connectors there are",
        ("chargers.domain.limits.limits:_addressed",),
        lambda _: lambda _command: Connector.objects.all(),
        at("N1", hours=0.7),
    ),
    Sabotage(
        "a limit is lifted without an entry in the audit trail",
        ("grid.domain.limits:record_entry",),
        always(None),
        at("N1", "manager", hours=2),
    ),
    Sabotage(
        "a command that nobody could send waits for ever",
        ("chargers.domain.orders.delivery:expire_unsent",),
        always(0),
        at("N1", "N2", "N3", hours=3, faults="mild"),
    ),
    Sabotage(
        "a command whose socket died waits for ever",
        ("chargers.domain.orders.delivery:lose_sent", "chargers.domain.orders.delivery:lose_orphaned"),
        always(0),
        at("U1", hours=3, faults="mild"),
    ),
    Sabotage(
        "a transaction that was forgotten is never closed",
        ("chargers.domain.sessions.zombies:end_zombies",),
        always(0),
        at("B7"),
    ),
    Sabotage(
        "the state is asked for at each look",
        ("scheduling.domain.balancing.watch:newest_commands",),
        always(set()),
        at("N1", "N2"),
    ),
)
