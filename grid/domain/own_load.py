"""The cars' load, for meters that see building and cars in one sum. Apps above measure it and register themselves."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from evbalancer.common.units import ZERO_MA, PhaseMilliamps
from grid.domain import topology
from grid.models import Circuit, Cluster

# By the circuit that the car's connector hangs on; only what was measured a moment ago.
Measurer = Callable[[Cluster, datetime], Mapping[UUID, PhaseMilliamps]]
_measurers: list[Measurer] = []


def measures_own_load(measurer: Measurer) -> Measurer:
    """Register who knows what flows to cars; used in an app's `receivers` module."""
    if measurer not in _measurers:
        _measurers.append(measurer)
    return measurer


def at_and_below(circuit: Circuit, *, now: datetime) -> PhaseMilliamps:
    """The cars' load on this circuit. A car without a fresh reading counts as nothing: never more than flows."""
    paths = topology.read_tree(circuit.cluster).paths
    total = ZERO_MA
    for measurer in _measurers:
        for pk, load_ma in measurer(circuit.cluster, now).items():
            if circuit.pk in paths.get(pk, ()):
                total = total.plus(load_ma)
    return total
