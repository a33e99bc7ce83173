"""The engine's door: one tick."""

from dataclasses import replace

import numpy as np

from scheduling.solver.arrays import Floats
from scheduling.solver.feasible import power_w
from scheduling.solver.plans.aims import SoftCap, soft_cap
from scheduling.solver.plans.carry import carry_of
from scheduling.solver.plans.ideal import Outlook, look_ahead, wish_now
from scheduling.solver.plans.limits import Rows, limits_of
from scheduling.solver.plans.row_plan import RowPlan
from scheduling.solver.plans.site import POWER, Site, lay_out
from scheduling.solver.problem import Problem
from scheduling.solver.reasons import Findings, findings, reason
from scheduling.solver.setpoints import Charger, set_currents
from scheduling.solver.solution import Allotment, Allotments, Certificate, Plan, Solution
from scheduling.solver.validate import check


def solve(problem: Problem, previous: Solution | None = None, *, thorough: bool = False) -> Solution:
    """Setpoints for now, with reasons, plan, promises and certificate.

    `previous` is the last tick's answer for the same cluster, if any; it only makes this one faster. `thorough` plans
    until nothing moves any more, for audits. Raises BadInputError with the path of the field at fault.
    """
    check(problem)
    site, limits = limits_of(lay_out(problem), problem.phasors)
    last = None if previous is None or thorough else previous.carry
    outlook = look_ahead(problem, site, limits, last=last, thorough=thorough)
    cap = soft_cap(problem, site, limits, outlook)
    now_site, now_limits = site, limits
    if cap is not None:
        now_site, now_limits = limits_of(_held_back(site, cap, outlook), problem.phasors)
    wish = wish_now(now_site, now_limits, problem.policy, outlook, problem.period_s)
    charger = Charger(now_site, problem.phasors)
    if problem.policy.quantise:
        current = set_currents(charger, wish, problem.policy)
    else:
        current = wish.ideal_w / site.watts_per_ma
        charger.book(current)
    found = findings(problem, now_site, outlook, wish, charger, current=current, cap=cap)
    return _answer(problem, outlook, found)


def _held_back(site: Site, cap: SoftCap, outlook: Outlook) -> Site:
    """Below the aim's cap, what each car would have without the aim is as good as promised: who can't wait for it comes first."""
    room = site.room.copy()
    room[cap.root, POWER, 0] = min(room[cap.root, POWER, 0], cap.power_w)
    return replace(site, room=room, promised_w=np.maximum(site.promised_w, outlook.planned_w))


def _answer(problem: Problem, outlook: Outlook, found: Findings) -> Solution:
    site, current = found.site, found.current
    to_wh = problem.period_s / 3600
    real = site.real
    index = {site.demands[at].id: int(at) for at in real}
    limit_ma = [int(each) for each in np.floor(current + 1e-6)]
    promised = outlook.planned_w * to_wh

    def make(demand_id: str, at: int) -> Allotment:
        demand = site.demands[at]
        drawn = power_w(demand, limit_ma[at]) if problem.policy.quantise else float(found.wish.ideal_w[at])
        return Allotment(demand_id, limit_ma[at], drawn, reason(found, at), float(promised[at]))

    def spread() -> Floats:
        horizon = outlook.horizon
        blocks = np.zeros((len(site.demands), horizon.n_blocks))
        blocks[horizon.item_car, horizon.block_of] = (
            np.asarray(outlook.planner.power) / horizon.span[horizon.block_of]
        )
        whole: Floats = np.repeat(blocks, horizon.span.astype(np.int64), axis=1)[real]
        return whole

    planned = float(outlook.planned_w.sum())
    had = 1 - (site.need_w - outlook.planned_w)[real] / site.ask_w[real]
    certificate = Certificate(
        feasible_wh=outlook.feasible_w * to_wh,
        planned_wh=planned * to_wh,
        gap_wh=(outlook.feasible_w - planned) * to_wh,
        worst_off=float(had.min(initial=1.0)),
        exact=outlook.exact,
    )
    plan = Plan(tuple(index), site.n_periods, spread, problem.period_s)
    carry = None
    if isinstance(outlook.planner, RowPlan) and isinstance(outlook.limits, Rows):
        carry = carry_of(problem, site, outlook.planner, outlook.limits)
    return Solution(Allotments(index, limit_ma, make), plan, certificate, carry)
