"""The slot ledger: what can still be promised, exactly, and the nearest offer where a wish does not fit.

A promise is energy between an arrival and a departure on a circuit. Everything promised so far is one flow over circuits
and periods; a new request fits exactly when the flow can be augmented by its energy (the promised cars may be moved in
time, never cut). On phases and phasors, where flows are not exact, every car counts with all its power on the
tightest phase of its circuit: what is promised is then still safe, if cautious.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scheduling.solver.arrays import Floats
from scheduling.solver.horizon import cut_horizon
from scheduling.solver.ideal import widths
from scheduling.solver.limits import Tree, limits_of
from scheduling.solver.problem import Circuit, Demand, Policy, Problem, Reservation
from scheduling.solver.site import NO_LIMIT, POWER, Site, lay_out
from scheduling.solver.tree_plan import TreePlan
from scheduling.solver.validate import check

WHOLE = 1.0  # W x periods that count as nothing


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be promised to a request.

    fits: the request as it is. energy_wh: the most that can be promised for its own times. depart_s: the earliest
    departure by which all of it could be ready (None: not within the horizon), never before the one asked for.
    """

    fits: bool
    energy_wh: float
    depart_s: int | None


class SlotLedger:
    """Promises on one cluster. Times are seconds from now, in periods of `period_s`; `horizon` periods ahead."""

    def __init__(
        self,
        circuits: Sequence[Circuit],
        promised: Sequence[Demand],
        *,
        period_s: int,
        horizon: int,
        reservations: Sequence[Reservation] = (),
    ) -> None:
        self._problem = Problem(
            circuits=tuple(circuits),
            demands=(),
            reservations=tuple(reservations),
            policy=Policy(),
            period_s=period_s,
            horizon=horizon,
        )
        self._promised = list(promised)
        check(replace(self._problem, demands=tuple(promised)))

    def probe(self, request: Demand) -> Offer:
        """What can be promised to this request on top of everything promised so far; promises nothing."""
        best_wh = self._most_wh(request)
        wanted_wh = float(request.remaining_wh or 0.0)
        grain_wh = WHOLE * self._problem.period_s / 3600
        if best_wh >= wanted_wh - grain_wh:
            return Offer(fits=True, energy_wh=wanted_wh, depart_s=request.depart_s)
        return Offer(fits=False, energy_wh=best_wh, depart_s=self._earliest(request, wanted_wh - grain_wh))

    def promise(self, request: Demand) -> Offer:
        """Promise the request if it fits; the offer tells."""
        offer = self.probe(request)
        if offer.fits:
            self._promised.append(request)
        return offer

    def _most_wh(self, request: Demand) -> float:
        problem = replace(self._problem, demands=(*self._promised, request))
        check(problem)
        site, limits = limits_of(lay_out(problem), ())
        if not isinstance(limits, Tree):
            site, limits = _cautious(site)
        mine = next(at for at, each in enumerate(site.demands) if each.id == request.id)
        changes = np.zeros(site.n_periods, dtype=bool)
        changes[1:] = (limits.cap[:, 1:] != limits.cap[:, :-1]).any(axis=0)
        horizon = cut_horizon(site.begin, site.end, site.tail, site.top_w, changes)
        plan = TreePlan(limits, horizon, site.need_w, widths(site))
        wanted = plan.deficit[mine]
        plan.deficit[mine] = 0.0
        for _ in range(2):
            plan.sweep()
        plan.finish()
        plan.deficit[mine] = wanted
        plan.finish_one(mine)
        got = wanted - plan.deficit[mine]
        return float(got) * self._problem.period_s / 3600

    def _earliest(self, request: Demand, wanted_wh: float) -> int | None:
        """The first period's end by which all of it fits: more time never hurts, so bisection is exact."""
        period_s = self._problem.period_s
        low = -(-(request.depart_s or 0) // period_s)
        high = self._problem.horizon or low
        if low >= high or self._most_wh(replace(request, depart_s=high * period_s)) < wanted_wh:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if self._most_wh(replace(request, depart_s=middle * period_s)) >= wanted_wh:
                high = middle
            else:
                low = middle
        return high * period_s


def _cautious(site: Site) -> tuple[Site, Tree]:
    """Each car's power on the tightest of the three phases, as if all loaded all."""
    volts = np.array([each.volts for each in site.demands])
    least = site.room[:, :POWER].min(axis=1)
    by_phase: Floats = np.where(least < NO_LIMIT, least * float(volts.min()) / 1000, NO_LIMIT)
    return site, Tree(site.parent, site.node_end, site.node_of, np.minimum(site.room[:, POWER], by_phase))
