"""Cars that usually come: read by every rebalance, learnt once a day (see `learning_arrivals`)."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from evbalancer.common.db.prepared import One, prepared
from grid.domain.topology import Tree
from grid.models import Cluster
from scheduling import solver
from scheduling.domain.learning.past_days import midnight_of
from scheduling.models import ArrivalForecast
from scheduling.solver.play.history import Flow, expected_cars

# A car that comes later than this changes nothing that is decided now.
AHEAD_S = 24 * 3600


def expected_arrivals(cluster: Cluster, tree: Tree, *, now: datetime) -> tuple[solver.Demand, ...]:
    """Cars that may come within a day, as fractions of cars; none where planning for them did not help lately."""
    if not cluster.plans_for_arrivals:
        return ()
    forecast = _forecasts_in_use.first(cluster_id=cluster.pk)
    if forecast is None:
        return ()
    known, root = {str(pk) for pk in tree.circuits}, str(tree.root.pk)
    found: list[solver.Demand] = []
    for number, rows in enumerate(forecast.flows):
        day = forecast.day + timedelta(days=number)
        now_s = int((now - midnight_of(day, cluster)).total_seconds())
        flows = [Flow(place if place in known else root, *rest) for place, *rest in rows]
        scale = forecast.busyness if number == 0 else 1.0
        ahead = expected_cars(flows, now_s=now_s, scale=scale, of=f"{day} ")
        found += [demand for demand in ahead if demand.arrive_s <= AHEAD_S]
    return tuple(found)


@prepared
def _forecasts_in_use(cluster_id: One) -> QuerySet[ArrivalForecast]:
    return ArrivalForecast.objects.filter(cluster=cluster_id, is_used=True)
