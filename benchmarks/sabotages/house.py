"""Sabotages of what is around the cars: tenants, audit, what is left over, and what grows."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from benchmarks.sabotages.lives import at
from benchmarks.sabotages.power import always
from benchmarks.sabotages.sabotage import Sabotage
from chargers.domain.orders.delivery import expire_unsent, lose_orphaned
from chargers.domain.sessions.zombies import end_zombies
from chargers.models import Connector

JANITORS = "chargers.ocpp.sockets.switchboard:JANITORS"


def _without(job: Callable[..., object]) -> Callable[[Any], Any]:
    """A janitor stays away; what else is changed does nothing."""
    return lambda real: (
        tuple(row for row in real if row[1] is not job) if isinstance(real, tuple) else lambda *_, **__: None
    )


PANEL_A = at("A1", "A2", "A3", "A4", "A5", "A6", hours=1.5, faults="hard", site="drill")


SABOTAGES = (
    Sabotage("an alarm is never raised", ("scheduling.domain.alarms.ledger:_keep",), always(False), PANEL_A),
    Sabotage(
        "an alarm ends a day after its cause",
        ("scheduling.domain.alarms.ledger:RULES",),
        lambda real: {kind: replace(rule, end_after=timedelta(days=1)) for kind, rule in real.items()},
        PANEL_A,
    ),
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
        at("N1", "manager of Narrow", hours=2),
    ),
    Sabotage(
        "a command that nobody could send waits for ever",
        (JANITORS,),
        _without(expire_unsent),
        at("H2"),
    ),
    Sabotage(
        "a command whose socket died waits for ever",
        ("chargers.domain.orders.delivery:lose_sent", JANITORS),
        _without(lose_orphaned),
        at("H1"),
    ),
    Sabotage(
        "a transaction that was forgotten is never closed",
        (JANITORS,),
        _without(end_zombies),
        at("B7"),
    ),
    Sabotage(
        "the state is asked for at each look",
        ("scheduling.domain.balancing.watch:newest_commands",),
        always(set()),
        at("R1"),
    ),
)
