"""The slot ledger: what can still be promised, exactly, and the nearest offer where a wish does not fit.

A promise is energy between an arrival and a departure on a circuit. Everything promised so far is one flow over circuits
and periods; a new request fits exactly when the flow can be augmented by its energy (the promised cars may be moved in
time, never cut). On phases and phasors, where flows are not exact, every car counts on the tightest phase of
its circuits: what is promised is then still safe, if cautious.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scheduling.solver.horizon import cut_horizon
from scheduling.solver.ideal import widths
from scheduling.solver.limits import Tree
from scheduling.solver.problem import Circuit, Demand, Policy, Problem, Reservation
from scheduling.solver.site import NO_LIMIT, POWER, lay_out
from scheduling.solver.tree_plan import ProbeTree
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


@dataclass(frozen=True, slots=True)
class _Book:
    """ratio: the most W per mA of any car in it; nodes: circuits' places; plan: the flow, with a seat for who asks."""

    ratio: float
    nodes: dict[str, int]
    plan: ProbeTree


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
        self._book: _Book | None = None
        check(replace(self._problem, demands=tuple(promised)))

    def probe(self, request: Demand) -> Offer:
        """What can be promised to this request on top of everything promised so far; promises nothing."""
        check(replace(self._problem, demands=(request,)))
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
            self._book = None
        return offer

    def _most_wh(self, request: Demand) -> float:
        """The most energy that still fits for this request, in Wh. A car's part of a last period counts."""
        nowhere = (Circuit(request.circuit_id),)
        alone = lay_out(replace(self._problem, circuits=nowhere, reservations=(), demands=(request,)))
        ratio = float(alone.watts_per_ma[0])
        book = self._settled(ratio)
        begin, end = int(alone.begin[0]), min(int(alone.end[0]), self._problem.horizon or 1)
        tops = np.full(max(0, end - begin), float(alone.top_w[0]) / ratio)
        if tops.size:
            tops[-1] *= alone.tail[0]
        got = book.plan.ask(book.nodes[request.circuit_id], begin, tops, float(alone.need_w[0]) / ratio)
        return got * ratio * self._problem.period_s / 3600

    def _settled(self, ratio: float) -> "_Book":
        """The flow of everything promised, kept until something else is promised.

        It is reckoned in mA, as if every car loaded the tightest phase of its circuits, so that all limits are totals.
        """
        if self._book is None or self._book.ratio < ratio:
            length_s = (self._problem.horizon or 1) * self._problem.period_s
            spans_all = Demand(
                "", self._problem.circuits[0].id, max_ma=0, remaining_wh=0.0, depart_s=length_s
            )
            site = lay_out(replace(self._problem, demands=(*self._promised, spans_all)))
            most = max(ratio, *(site.watts_per_ma[site.top_w > 0].tolist() or [ratio]))
            cap = np.minimum(site.room[:, :POWER].min(axis=1), site.room[:, POWER] / most)
            tree = Tree(
                site.parent, site.node_end, site.node_of, np.where(cap < NO_LIMIT / 1e3, cap, NO_LIMIT)
            )
            every = np.ones(site.n_periods, dtype=bool)
            top_ma, need_ma = site.top_w / site.watts_per_ma, site.need_w / site.watts_per_ma
            horizon = cut_horizon(site.begin, site.end, site.tail, top_ma, every)
            nodes = {key: at for at, key in enumerate(site.node_ids)}
            self._book = _Book(most, nodes, ProbeTree(tree, horizon, need_ma, widths(site)))
        return self._book

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
