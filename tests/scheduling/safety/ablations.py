"""Each rule of the reservations, and the same product without it. The harness has to notice every one that is missing."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from chargers.reservation import ALWAYS_S, NEVER_S, Hold, Piece, Span
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
    hold: type[Hold] = Hold
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
    if without.hold is not Hold:
        for row in site.rows.values():
            row.hold = without.hold(**{field.name: getattr(row.hold, field.name) for field in fields(Hold)})
    world = World(site, without.trouble, rng, plan=without.plan, server=without.server, checks=checks)
    return world.run(seconds)


class NoSettling(Hold):
    def settling_after(self, before: Hold, *, now_s: float) -> Hold:
        return replace(self, settling=())


class ForgetsTheLost(Hold):
    def lost(self, span: Span, *, now_s: float, still_open: tuple[Span, ...] = ()) -> Hold:
        return replace(self, open=still_open)


class NoIdleFallback(Hold):
    def idle_begins_s(self) -> float:
        return NEVER_S if self.wait_s > 0 else ALWAYS_S


class NoLapse(Hold):
    def lapse_begins_s(self) -> float:
        return NEVER_S


class NoOwnLapse(Hold):
    def lapse_begins_s(self) -> float:
        return Hold.lapse_begins_s(replace(self, open=()))


class UnmanagedIsSafe(Hold):
    def held_pieces(self) -> Iterator[Piece]:
        return super().held_pieces() if self.fallback_ma is not None else iter(())


class NothingInFlight(Server):
    def lines(self, now: float) -> list[Line]:
        return [
            replace(line, hold=replace(line.hold, open=()), target_ma=None) if line.hold.open else line
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
            row.hold = replace(row.hold, confirmed=None, open=(), in_doubt=(), settling=())


class WaitFromDetection(Server):
    def closed(self, key: int, now: float) -> None:
        super().closed(key, now)
        row = self.rows[key]
        row.hold = replace(row.hold, contact_s=now)


class TrustsAnySignOfLife(Server):
    def heard(self, key: int, now: float) -> None:
        self.trusted.add(key)
        row = self.rows[key]
        row.hold = row.hold.told(now_s=now)


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
        and not line.hold.open
        and line.target_ma != line.hold.in_force_ma(now_s)
    ]


class NowOnlyBook(gate.Book):
    def curve(self, hold: Hold) -> gate.Amps:
        curve = super().curve(hold)
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
            row.hold = replace(row.hold, timing=replace(row.hold.timing, **changes))

    return change


def _misfit(site: Site) -> None:
    for row in site.rows.values():
        row.hold = replace(row.hold, fallback_ma=16_000)
        site.stations[row.key].default = (16_000, site.wait_s)


def _from_receipt(site: Site) -> None:
    for station in site.stations:
        station.counts_from_receipt = True


def _guess_phases(site: Site) -> None:
    for row in site.rows.values():
        if not row.rotation_known:
            row.hold = replace(row.hold, wired=(0,))


def _believe_in(**honoured: bool) -> Callable[[Site], None]:
    def change(site: Site) -> None:
        for row in site.rows.values():
            if "lapses" in honoured:
                row.hold, row.max_ma = replace(row.hold, lapses=True), row.hold.nameplate_ma
            else:
                row.hold = replace(row.hold, wait_s=site.wait_s)

    return change


ABLATIONS: dict[str, Ablation] = {
    "cut, confirm, then raise: the gate": Ablation(plan=ungated),
    "every later moment is checked": Ablation(plan=now_only),
    "reserve offline chargers": Ablation(server=OfflineIsZero),
    "wait for the car to settle": Ablation(hold=NoSettling),
    "reserve values in flight": Ablation(server=NothingInFlight),
    "unknown phases count on all three": Ablation(change=_guess_phases),
    "Rejected means not applied": Ablation(server=RejectedIsDone),
    "a hold lapses up to the fallback": Ablation(hold=NoLapse),
    "the fallback fits after its own lapse": Ablation(hold=NoOwnLapse, trouble=AWAY),
    "a time-out keeps the reservation": Ablation(hold=ForgetsTheLost),
    "rebuild reservations after a restart": Ablation(server=ForgetsAtRestart),
    "reserve the fallback of idle connectors": Ablation(hold=NoIdleFallback),
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
    "nameplate until a default is confirmed": Ablation(hold=UnmanagedIsSafe),
}

__all__ = ["ABLATIONS", "Ablation", "fits", "run"]
