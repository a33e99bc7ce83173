"""Limits that others impose on charge points: a building's own controller, a grid operator. Bounds, and nothing more.

The charger obeys them on its own, so they never free its reservation; they only give others the power that it can't use.
"""

from datetime import datetime

from chargers.models import Connector
from chargers.reports.base import STATION
from chargers.reports.news import ExternalLimitReport, LimitStep
from evbalancer.common.waking import wake_balancer


def store_external_limit(report: ExternalLimitReport, *, now: datetime) -> None:
    """Keep or forget the limit of one origin, on one connector or on all of the charge point."""
    addressed = Connector.objects.select_for_update(of=("self",), no_key=True).filter(
        charge_point_id=report.source.charge_point_id, retired_at=None
    )
    if report.connector_number != STATION:
        addressed = addressed.filter(number=report.connector_number)
    for connector in addressed.order_by("pk"):
        limits = {name: limit for name, limit in connector.external_limits.items() if name != report.origin}
        if not report.is_over:
            limits[report.origin] = {
                "since": now.isoformat(),
                "is_grid_critical": report.is_grid_critical,
                "steps": [list(step) for step in report.steps],
            }
        connector.external_limits = limits
        connector.save(update_fields=["external_limits"])
    wake_balancer(report.source.cluster_id)


def bound_ma(connector: Connector, *, phases: int, volts: int, now: datetime) -> int | None:
    """The least that others allow it now, in mA per phase; None when nobody said a figure."""
    bounds = []
    for limit in connector.external_limits.values():
        begun = [step for step in map(_step, limit["steps"]) if step.from_s <= now.timestamp()]
        if begun:
            newest = max(begun, key=lambda step: step.from_s)
            bounds.append(_per_phase_ma(newest, phases=phases, volts=volts))
    return min(bounds, default=None)


def _step(stored: list[float | int | None]) -> LimitStep:
    from_s, limit_ma, limit_w = stored
    return LimitStep(
        float(from_s or 0),
        None if limit_ma is None else int(limit_ma),
        None if limit_w is None else int(limit_w),
    )


def _per_phase_ma(step: LimitStep, *, phases: int, volts: int) -> int:
    if step.limit_ma is not None:
        return step.limit_ma
    return (step.limit_w or 0) * 1000 // (volts * max(1, phases))
