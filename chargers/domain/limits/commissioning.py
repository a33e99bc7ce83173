"""The draw of a cluster's connectors when nobody reaches them, as the community has chosen, and whether it fits."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext

from chargers.models import Connector
from evbalancer.common.db.locks import lock_cluster
from evbalancer.common.units import PhaseMilliamps
from grid.domain import commissioning, topology
from grid.domain.commissioning import Claim
from grid.models import Cluster


def claim_fallbacks(cluster: Cluster) -> Iterable[Claim]:
    """Chosen or confirmed, whichever is higher: a choice that no charger has taken yet frees nothing."""
    return [claim_of(connector) for connector in in_use(cluster)]


def claim_of(connector: Connector) -> Claim:
    fallback_ma = max(connector.chosen_fallback_ma, connector.fallback_ma or 0)
    return Claim(connector.circuit_id, PhaseMilliamps.on(connector.wired_phases, fallback_ma))


def check_connector(connector: Connector) -> None:
    """Raise ValidationError with the missing amperes when `connector`, as it is about to be saved, does not fit its tree."""
    check_connectors(connector.charge_point.cluster, [connector])


def check_connectors(cluster: Cluster, changed: Iterable[Connector]) -> None:
    """The same for several at once. The cluster is locked: of two that fit alone, the second one sees the first."""
    changed = list(changed)
    lock_cluster(cluster.pk)
    shape = topology.read_tree(cluster)
    for connector in changed:
        if connector.retired_at is None and connector.circuit_id not in shape.circuits:
            raise ValidationError(
                {"circuit": gettext("The circuit is not in use in the cluster of the charge point.")}
            )
    others = in_use(cluster).exclude(pk__in=[connector.pk for connector in changed])
    claims = [claim_of(connector) for connector in (*others, *changed) if connector.retired_at is None]
    commissioning.check_fit(shape, claims, cluster=cluster, before=commissioning.shortfalls_of(cluster))


def in_use(cluster: Cluster) -> QuerySet[Connector]:
    return Connector.objects.filter(
        charge_point__cluster=cluster, retired_at=None, charge_point__retired_at=None
    )
