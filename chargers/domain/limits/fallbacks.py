"""Needs and costs of a cluster's fallbacks: as the community has chosen them, and if all were 0 A or the least current.

A fallback costs nothing while its charger is reached and its make has shown that it waits; else it is reserved whether a
car draws it or not (docs/adr/0020). Without one a car stands still while the server is away.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext

from chargers.domain.limits import commissioning
from chargers.domain.makes.makes import known_make
from chargers.models import Connector
from evbalancer.common.db.locks import lock_cluster
from evbalancer.common.errors import InvalidInput
from evbalancer.common.units import MILLI, PhaseMilliamps
from evbalancer.common.waking import wake_balancer
from grid.domain import audit, topology
from grid.domain.changes import store_changes
from grid.domain.commissioning import Claim, FallbacksDoNotFit, MisfitError, Need, sum_needs
from grid.models import Cluster


class Choice(StrEnum):
    NONE = "none"
    LEAST = "least"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Outlook:
    """One way to choose. Powers are of all phases together."""

    choice: Choice
    needs: Sequence[Need]
    # Connectors whose car goes on charging while the server is away.
    charge_on: int
    # Reserved while every charger is reached and idle, and once none is reached.
    idle_w: int
    unreachable_w: int

    @property
    def fits(self) -> bool:
        return not any(need.missing_ma for need in self.needs)


@dataclass(frozen=True, slots=True)
class Overview:
    """`usable_w` is what limit, building and margin leave at the connection. Without a confirmed fallback the nameplate counts."""

    usable_w: int
    connectors: int
    unconfirmed: int
    unconfirmed_w: int
    outlooks: Sequence[Outlook]


def read_overview(cluster: Cluster) -> Overview:
    """Two queries, however many connectors there are."""
    connectors = list(commissioning.in_use(cluster).select_related("charge_point__make"))
    shape = topology.read_tree(cluster)
    outlooks = [_outlook(cluster, shape, connectors, choice) for choice in Choice]
    at_root = (need for need in outlooks[0].needs if need.circuit.parent_id is None)
    room_ma = sum(max(0, need.room_ma) for need in at_root)
    unconfirmed = [connector for connector in connectors if connector.fallback_ma is None]
    nameplate = (PhaseMilliamps.on(each.wired_phases, each.max_current_ma) for each in unconfirmed)
    return Overview(
        usable_w=room_ma * cluster.voltage_v // MILLI,
        connectors=len(connectors),
        unconfirmed=len(unconfirmed),
        unconfirmed_w=_power_w(cluster, nameplate),
        outlooks=outlooks,
    )


@transaction.atomic
def choose_fallbacks(
    cluster: Cluster, *, to_ma: Mapping[UUID, int], actor: audit.Actor, now: datetime, reason: str = ""
) -> int:
    """Set the fallbacks of several connectors, judged together, all or none. Returns how many were changed.

    Raises FallbacksDoNotFit with the missing amperes, or InvalidInput for a current that a connector can't fall back to.
    """
    lock_cluster(cluster.pk)
    rows = (
        commissioning.in_use(cluster).select_for_update(of=("self",), no_key=True).filter(pk__in=list(to_ma))
    )
    changed = []
    for connector in rows.select_related("charge_point__cluster").order_by("pk"):
        was_ma, chosen_ma = connector.chosen_fallback_ma, to_ma[connector.pk]
        if chosen_ma and not connector.min_current_ma <= chosen_ma <= connector.max_current_ma:
            least, most = connector.min_current_ma / MILLI, connector.max_current_ma / MILLI
            raise InvalidInput(
                "fallback_ma",
                gettext("%(connector)s can fall back to 0 A, or to %(least)s to %(most)s A.")
                % {"connector": connector, "least": f"{least:g}", "most": f"{most:g}"},
            )
        if chosen_ma != was_ma:
            connector.chosen_fallback_ma = chosen_ma
            changed.append((connector, was_ma))
    try:
        commissioning.check_connectors(cluster, [connector for connector, _ in changed])
    except MisfitError as misfit:
        raise FallbacksDoNotFit(misfit) from misfit
    for connector, was_ma in changed:
        before = {"chosen_fallback_ma": was_ma}
        store_changes(
            connector, before=before, action="connector.changed", actor=actor, now=now, reason=reason
        )
    if changed:
        wake_balancer(cluster.pk)
    return len(changed)


def _outlook(
    cluster: Cluster, shape: topology.Tree, connectors: Sequence[Connector], choice: Choice
) -> Outlook:
    claims = [(connector, _claim(connector, choice)) for connector in connectors]
    always = (
        claim.load_ma
        for connector, claim in claims
        if not known_make(connector.charge_point).honours_relative
    )
    return Outlook(
        choice=choice,
        needs=sum_needs(shape, [claim for _, claim in claims], margin_ma=cluster.margin_ma),
        charge_on=sum(any(claim.load_ma) for _, claim in claims),
        idle_w=_power_w(cluster, always),
        unreachable_w=_power_w(cluster, (claim.load_ma for _, claim in claims)),
    )


def _claim(connector: Connector, choice: Choice) -> Claim:
    if choice is Choice.CHOSEN:
        return commissioning.claim_of(connector)
    fallback_ma = connector.min_current_ma if choice is Choice.LEAST else 0
    return Claim(connector.circuit_id, PhaseMilliamps.on(connector.wired_phases, fallback_ma))


def _power_w(cluster: Cluster, loads_ma: Iterable[PhaseMilliamps]) -> int:
    return sum(sum(load_ma) for load_ma in loads_ma) * cluster.voltage_v // MILLI
