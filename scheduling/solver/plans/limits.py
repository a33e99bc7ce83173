"""Which limits can bind, and whether they form a tree of totals, where the exact flow method applies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.plans.site import NO_LIMIT, POWER, Site
from scheduling.solver.problem import PhasorLimit


@dataclass(frozen=True, slots=True)
class Tree:
    """Nested limits in W: cap[v, t]; node_of may differ from the site's where phases are trees of their own."""

    parent: Ints
    node_end: Ints
    node_of: Ints
    cap: Floats


@dataclass(frozen=True, slots=True)
class Rows:
    """Limits that overlap: members of row r are start[r]..start[r + 1] in car, re, im; cap[r, t] in W or mA."""

    start: Ints
    car: Ints
    re: Floats
    im: Floats
    disc: Ints
    cap: Floats
    keys: tuple[object, ...]


def limits_of(site: Site, phasors: Sequence[PhasorLimit]) -> tuple[Site, Tree | Rows]:
    """The site's limits in the simplest form that is exact, and the site with its cars in that form's order."""
    least = site.room.min(axis=2)
    binds = _most(site) > least * (1 + 1e-12)
    if not phasors:
        tree = _as_tree(site, binds)
        if tree is not None:
            if (tree.node_of[1:] >= tree.node_of[:-1]).all():
                return site, tree
            order = np.argsort(tree.node_of, kind="stable")
            return site.reordered(order), replace(tree, node_of=tree.node_of[order])
    return site, _as_rows(site, binds, phasors)


def _below(site: Site, per_car: Floats) -> Floats:
    """Totals of a per-car quantity for each circuit, everything below included."""
    total = np.bincount(site.node_of, weights=per_car, minlength=site.n_nodes)
    for node in range(site.n_nodes - 1, 0, -1):
        if site.parent[node] >= 0:
            total[site.parent[node]] += total[node]
    return np.asarray(total, dtype=float)


def _most(site: Site) -> Floats:
    """The most each row of each circuit could see."""
    current = site.top_w / site.watts_per_ma
    rows = [_below(site, np.where(site.mask >> phase & 1, current, 0.0)) for phase in range(3)]
    return np.stack([*rows, _below(site, site.top_w)], axis=1)


def _as_tree(site: Site, binds: np.ndarray) -> Tree | None:
    cap = np.where(binds[:, POWER, None], site.room[:, POWER], NO_LIMIT)
    if not binds[:, :POWER].any():
        return Tree(site.parent, site.node_end, site.node_of, cap)
    if np.unique(site.watts_per_ma).size > 1:
        return None
    ratio = site.watts_per_ma[0]
    masks = np.unique(site.mask)
    by_phase = np.where(binds[:, :POWER, None], site.room[:, :POWER] * ratio, NO_LIMIT)
    if masks.size == 1:
        used = [phase for phase in range(3) if masks[0] >> phase & 1]
        return Tree(site.parent, site.node_end, site.node_of, np.minimum(cap, by_phase[:, used].min(axis=1)))
    if binds[:, POWER].any() or not np.isin(masks, (1, 2, 4)).all():
        return None
    return _three_trees(site, by_phase)


def _three_trees(site: Site, by_phase: Floats) -> Tree:
    """Only single-phase cars and no total that binds: each phase is a tree of its own."""
    size = site.n_nodes
    parent = np.concatenate([np.where(site.parent < 0, -1, site.parent + phase * size) for phase in range(3)])
    node_end = np.concatenate([site.node_end + phase * size for phase in range(3)])
    phase_of = np.where(site.mask == 4, 2, np.where(site.mask == 2, 1, 0))
    return Tree(
        parent, node_end, site.node_of + phase_of * size, by_phase.transpose(1, 0, 2).reshape(3 * size, -1)
    )


def _as_rows(site: Site, binds: np.ndarray, phasors: Sequence[PhasorLimit]) -> Rows:
    members: list[tuple[Ints, Floats, Floats, bool, Floats]] = []
    keys: list[object] = []
    for node, kind in zip(*np.nonzero(binds), strict=True):
        here = (site.node_of >= node) & (site.node_of < site.node_end[node])
        if kind != POWER:
            here &= (site.mask >> kind & 1).astype(bool)
        cars = np.nonzero(here)[0]
        coefs = np.ones(cars.size) if kind == POWER else 1 / site.watts_per_ma[cars]
        members.append((cars, coefs, np.zeros(cars.size), False, site.room[node, kind]))
        keys.append((site.node_ids[node], int(kind)))
    index = {site.demands[at].id: at for at in site.real}
    for limit in sorted(phasors, key=lambda each: each.id):
        terms = sorted((index[key], re, im) for key, re, im in limit.terms if key in index)
        if not terms:
            continue
        cars = np.array([car for car, _, _ in terms], dtype=np.int64)
        scale = 1000 / limit.volts
        re, im = np.array([term[1] for term in terms]) * scale, np.array([term[2] for term in terms]) * scale
        if (np.hypot(re, im) * site.top_w[cars]).sum() > limit.limit_ma:
            members.append((cars, re, im, True, np.full(site.n_periods, float(limit.limit_ma))))
            keys.append(limit.id)
    empty = np.zeros(0)
    return Rows(
        start=np.cumsum([0, *(entry[0].size for entry in members)]),
        car=np.concatenate([empty.astype(np.int64), *(entry[0] for entry in members)]),
        re=np.concatenate([empty, *(entry[1] for entry in members)]),
        im=np.concatenate([empty, *(entry[2] for entry in members)]),
        disc=np.array([entry[3] for entry in members], dtype=np.int64),
        cap=np.array([entry[4] for entry in members]).reshape(len(members), site.n_periods),
        keys=tuple(keys),
    )
