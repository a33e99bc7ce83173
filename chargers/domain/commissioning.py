"""What the connectors of a cluster draw when nobody reaches them, as the community has chosen, and whether that fits."""

from collections.abc import Iterable

from chargers.models import Connector
from evbalancer.common.units import PhaseMilliamps
from grid.domain import commissioning, topology
from grid.domain.commissioning import Claim
from grid.models import Cluster


def fallbacks(cluster: Cluster) -> Iterable[Claim]:
    """Chosen or confirmed, whichever is higher: a choice that no charger has taken yet frees nothing."""
    rows = Connector.objects.filter(
        charge_point__cluster=cluster, retired_at=None, charge_point__retired_at=None
    )
    return [claim_of(connector) for connector in rows]


def claim_of(connector: Connector) -> Claim:
    fallback_ma = max(connector.chosen_fallback_ma, connector.fallback_ma or 0)
    return Claim(connector.circuit_id, PhaseMilliamps.on(connector.wired_phases, fallback_ma))


def check_connector(connector: Connector) -> None:
    """Raise ValidationError with the missing amperes when `connector`, as it is about to be saved, does not fit its tree."""
    if connector.retired_at is not None or connector.chosen_fallback_ma == 0:
        return
    cluster = connector.charge_point.cluster
    rows = Connector.objects.filter(
        charge_point__cluster=cluster, retired_at=None, charge_point__retired_at=None
    )
    claims = [claim_of(other) for other in rows.exclude(pk=connector.pk)]
    commissioning.check(topology.tree(cluster), [*claims, claim_of(connector)], cluster=cluster)
