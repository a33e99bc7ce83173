"""Charge points and connectors from a list: found or made row by row, judged together at the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from chargers.domain.stations.wiring import WIRING
from chargers.models import ChargePoint, Connector
from evbalancer.common.db.locks import lock_cluster
from evbalancer.common.errors import InvalidInput, check_row
from grid.domain import commissioning, topology
from grid.domain.audit import Actor, record_entry
from grid.domain.commissioning import Shortfall
from grid.models import Circuit, Cluster


class Judge:
    """Holds the clusters that a list touches, and says at the end whether their fallbacks fit (promise E7)."""

    def __init__(self) -> None:
        self.clusters: list[Cluster] = []
        self._before: list[list[Shortfall]] = []

    def lock(self, cluster: Cluster) -> None:
        lock_cluster(cluster.pk)
        self.clusters.append(cluster)
        self._before.append(commissioning.shortfalls_of(cluster))

    def check(self) -> None:
        """Raise ValidationError with the missing amperes of whatever lacks more than before."""
        for cluster, before in zip(self.clusters, self._before, strict=True):
            claims = commissioning.claims_of(cluster)
            commissioning.check_fit(topology.read_tree(cluster), claims, cluster=cluster, before=before)


def charge_point(cluster: Cluster, *, identity: str, name: str, actor: Actor, now: datetime) -> ChargePoint:
    """The one with this identity in the cluster, made or renamed if need be. Raises ValidationError."""
    found = ChargePoint.objects.filter(identity=identity).first()
    if found is None:
        made = ChargePoint(
            community_id=cluster.community_id, cluster=cluster, identity=identity, name=name or identity
        )
        made.full_clean()
        made.save()
        after = {"identity": identity, "name": made.name, "cluster_id": cluster.pk}
        record_entry(actor=actor, action="chargepoint.added", target=made, now=now, after=after)
        return made
    if found.cluster_id != cluster.pk or found.retired_at is not None:
        raise ValidationError(gettext("The identity %(identity)s is taken.") % {"identity": f"{identity!r}"})
    if name and name != found.name:
        before, found.name = found.name, name
        found.full_clean()
        found.save(update_fields=["name"])
        record_entry(
            actor=actor,
            action="chargepoint.changed",
            target=found,
            now=now,
            before={"name": before},
            after={"name": name},
        )
    return found


@dataclass(frozen=True, slots=True)
class Wiring:
    """How a connector of a list is wired; the number is OCPP's."""

    number: int
    circuit: Circuit
    phase_rotation: str
    max_current_ma: int
    min_current_ma: int
    # As it is, and 0 A at first, if None.
    chosen_fallback_ma: int | None


def put_connector(
    charge_point: ChargePoint, wiring: Wiring, *, actor: Actor, now: datetime, reason: str
) -> Connector:
    """The connector with this number, made or wired as the list has it; `Judge` says later whether all of it fits.

    Raises InvalidInput.
    """
    found = Connector.objects.filter(charge_point=charge_point, number=wiring.number).first()
    before = describe_wiring(found) if found is not None else {}
    connector = found or Connector(
        community_id=charge_point.community_id, charge_point=charge_point, number=wiring.number
    )
    connector.circuit = wiring.circuit
    connector.phase_rotation = wiring.phase_rotation
    connector.max_current_ma = wiring.max_current_ma
    connector.min_current_ma = wiring.min_current_ma
    if wiring.chosen_fallback_ma is not None:
        connector.chosen_fallback_ma = wiring.chosen_fallback_ma
    if connector.retired_at is not None:
        raise InvalidInput("number", gettext("%(connector)s is retired.") % {"connector": connector})
    check_row(connector)
    if before != describe_wiring(connector):
        connector.save()
        record_import(connector, before=before, actor=actor, now=now, reason=reason)
    return connector


def describe_wiring(connector: Connector) -> Mapping[str, Any]:
    return {name: getattr(connector, name) for name in WIRING}


def record_import(
    connector: Connector,
    *,
    before: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    reason: str = "Imported from a file",
) -> None:
    """One entry a connector: all columns of a new one, the changed columns of another."""
    after = describe_wiring(connector)
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    record_entry(
        actor=actor,
        action="connector.changed" if before else "connector.added",
        target=connector,
        now=now,
        before={name: before[name] for name in changed} if before else None,
        after=changed,
        reason=reason,
    )
