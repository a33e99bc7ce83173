"""Each rule of the reservations, and the same product without it. The harness has to notice every one that is missing."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from chargers.exposure import ALWAYS_S, NEVER_S, Exposure, Piece, Span
from scheduling.domain.balancing import gate
from scheduling.domain.balancing.gate import Capacity, Line, Move
from tests.scheduling.safety.server import Server
from tests.scheduling.safety.sites import fits, small_site
from tests.scheduling.safety.world import STRESS, Result, Site, Trouble, World

# Days on which one kind of trouble is common, for the rules that a mixed day rarely needs.
LATE = replace(STRESS, late=0.5)
AWAY = replace(STRESS, offline=20, offline_s=(20, 180), plugging=20, clock_late_s=3)
SLOW = replace(STRESS, slow_start=1, plugging=20, offline=10)
SQUEEZED = replace(STRESS, cuts=30, crashes=10, plugging=12)
BLIND = replace(STRESS, meter_loss=30)
OLD_MODELS = replace(STRESS, not_lapsing=0.6, offline=20)


@dataclass(frozen=True)
class Ablation:
    exposure: type[Exposure] = Exposure
    server: type[Server] = Server
    plan: Callable[..., list[Move]] = gate.plan_moves
    change: Callable[[Site], None] = lambda _: None
    trouble: Trouble = STRESS


def run(seed: int, ablation: Ablation | None = None, *, seconds: int = 300, checks: bool = False) -> Result:
    """One random cluster for `seconds`, with all the rules or without one of them."""
    without = ablation or Ablation()
    rng = random.Random(seed)
    site = small_site(rng, without.trouble)
    without.change(site)
    if without.exposure is not Exposure:
        for row in site.rows.values():
            row.exposure = without.exposure(
                **{field.name: getattr(row.exposure, field.name) for field in fields(Exposure)}
            )
    world = World(site, without.trouble, rng, plan=without.plan, server=without.server, checks=checks)
    return world.run(seconds)


class NoSettling(Exposure):
    def settling_after(self, before: Exposure, *, now_s: float) -> Exposure:
        return replace(self, settling=())


class ForgetsTheLost(Exposure):
    def lost(self, span: Span, *, now_s: float, still_open: tuple[Span, ...] = ()) -> Exposure:
        return replace(self, open=still_open)


class NoIdleFallback(Exposure):
    def idle_begins_s(self) -> float:
        return NEVER_S if self.wait_s > 0 else ALWAYS_S


class NoLapse(Exposure):
    def lapse_begins_s(self) -> float:
        return NEVER_S


class NoOwnLapse(Exposure):
    def lapse_begins_s(self) -> float:
        return Exposure.lapse_begins_s(replace(self, open=()))


class UnmanagedIsSafe(Exposure):
    def exposed_pieces(self) -> Iterator[Piece]:
        return super().exposed_pieces() if self.fallback_ma is not None else iter(())


class NothingInFlight(Server):
    def lines(self, now: float) -> list[Line]:
        return [
            replace(line, exposure=replace(line.exposure, open=()), target_ma=None)
            if line.exposure.open
            else line
            for line in super().lines(now)
        ]


class RejectedIsDone(Server):
    def answered(self, number: int, accepted: bool, now: float) -> None:
        super().answered(number, True, now)


class OfflineIsZero(Server):
    def lines(self, now: float) -> list[Line]:
        return [line for line in super().lines(now) if line.key in self.sockets]


class ForgetsAtRestart(Server):
    def restart(self, now: float) -> None:
        super().restart(now)
        for row in self.rows.values():
            row.exposure = replace(row.exposure, confirmed=None, open=(), in_doubt=(), settling=())


class WaitFromDetection(Server):
    def closed(self, key: int, now: float) -> None:
        super().closed(key, now)
        row = self.rows[key]
        row.exposure = replace(row.exposure, contact_s=now)


class TrustsAnySignOfLife(Server):
    def heard(self, key: int, now: float) -> None:
        self.trusted.add(key)
        row = self.rows[key]
        row.exposure = row.exposure.told(now_s=now)


class CutForNowOnly(Server):
    def capacity(self, now: float) -> dict[str, Capacity]:
        kept, self.aimed = self.aimed, {}
        usual = super().capacity(now)
        self.aimed = kept
        return {
            pk: replace(low, far_ma=usual[pk].far_ma, changes_in_s=5)
            for pk, low in super().capacity(now).items()
        }


class BuildingStaysAsMeasured(Server):
    def capacity(self, now: float) -> dict[str, Capacity]:
        kept, self.base_rise = self.base_rise, dict.fromkeys(self.base_rise, (0, 0, 0))
        flat = super().capacity(now)
        self.base_rise = kept
        return {pk: replace(carries, far_ma=carries.near_ma) for pk, carries in flat.items()}


class SilentMeterStillCounts(Server):
    def capacity(self, now: float) -> dict[str, Capacity]:
        kept = dict(self.measured)
        self.measured = {pk: (now, load) for pk, (_, load) in kept.items()}
        answer = super().capacity(now)
        self.measured = kept
        return answer


def ungated(lines: list[Line], capacity: object, *, now_s: float, terms: gate.Terms) -> list[Move]:
    """Send what is wanted, cut or raise, at once."""
    return [
        Move(line.key, line.target_ma, now_s + terms.lease_s, "raise")
        for line in lines
        if line.target_ma is not None
        and not line.exposure.open
        and line.target_ma != line.exposure.in_force_ma(now_s)
    ]


class NowOnlyBook(gate.Book):
    def curve(self, exposure: Exposure) -> gate.Amps:
        curve = super().curve(exposure)
        curve[:] = curve[:, :1]
        return curve


def now_only(*args: Any, **kwargs: Any) -> list[Move]:
    kept, gate.Book = gate.Book, NowOnlyBook
    try:
        return gate.plan_moves(*args, **kwargs)
    finally:
        gate.Book = kept


def _timing(**changes: float) -> Callable[[Site], None]:
    def change(site: Site) -> None:
        for row in site.rows.values():
            row.exposure = replace(row.exposure, timing=replace(row.exposure.timing, **changes))

    return change


def _misfit(site: Site) -> None:
    for row in site.rows.values():
        row.exposure = replace(row.exposure, fallback_ma=16_000)
        site.stations[row.key].fallback = (16_000, site.wait_s)


def _from_receipt(site: Site) -> None:
    for station in site.stations:
        station.counts_from_receipt = True


def _guess_phases(site: Site) -> None:
    for row in site.rows.values():
        if not row.rotation_known:
            row.exposure = replace(row.exposure, wired=(0,))


def _believe_in(**honoured: bool) -> Callable[[Site], None]:
    def change(site: Site) -> None:
        for row in site.rows.values():
            if "lapses" in honoured:
                row.exposure, row.max_ma = replace(row.exposure, lapses=True), row.exposure.nameplate_ma
            else:
                row.exposure = replace(row.exposure, wait_s=site.wait_s)

    return change


ABLATIONS: dict[str, Ablation] = {
    "cut, confirm, then raise: the gate": Ablation(plan=ungated),
    "every later moment is checked": Ablation(plan=now_only),
    "reserve offline chargers": Ablation(server=OfflineIsZero),
    "wait for the car to settle": Ablation(exposure=NoSettling),
    "reserve values in flight": Ablation(server=NothingInFlight),
    "unknown phases count on all three": Ablation(change=_guess_phases),
    "Rejected means not applied": Ablation(server=RejectedIsDone),
    "a keep-down lapses up to the fallback": Ablation(exposure=NoLapse),
    "the fallback fits after its own lapse": Ablation(exposure=NoOwnLapse, trouble=AWAY),
    "a time-out keeps the reservation": Ablation(exposure=ForgetsTheLost),
    "rebuild reservations after a restart": Ablation(server=ForgetsAtRestart),
    "reserve the fallback of idle connectors": Ablation(exposure=NoIdleFallback),
    "leases end at a moment, not after a time": Ablation(change=_from_receipt, trouble=LATE),
    "the wait counts from the last contact": Ablation(server=WaitFromDetection, trouble=AWAY),
    "a sign of life is no state report": Ablation(server=TrustsAnySignOfLife, trouble=AWAY),
    "the clock's error": Ablation(change=_timing(clock_error_s=0), trouble=AWAY),
    "the longest way of a start": Ablation(change=_timing(start_way_s=0), trouble=SLOW),
    "fallbacks must fit the limit": Ablation(change=_misfit),
    "a limit cut holds for later steps too": Ablation(server=CutForNowOnly, trouble=SQUEEZED),
    "a rise of the building is reserved beforehand": Ablation(server=BuildingStaysAsMeasured),
    "a silent meter counts as the maximum": Ablation(server=SilentMeterStillCounts, trouble=BLIND),
    "a model without duration never lapses": Ablation(change=_believe_in(lapses=True), trouble=OLD_MODELS),
    "a model without Relative never waits": Ablation(change=_believe_in(relative=True)),
    "nameplate until a fallback is confirmed": Ablation(exposure=UnmanagedIsSafe),
}

__all__ = ["ABLATIONS", "Ablation", "fits", "run"]
