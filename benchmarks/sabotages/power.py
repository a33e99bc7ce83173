"""Sabotages of power and safety; the rows are those of part A of the field's faults."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.sabotages.lives import at
from benchmarks.sabotages.sabotage import Sabotage
from chargers.domain.limits import boots
from chargers.domain.metering.draws import Draw
from chargers.enums import CommandKind, CommandState, DrawSource
from chargers.models import ChargerCommand
from evbalancer.common.units import INT32_MAX, ZERO_MA
from scheduling.enums import BalanceStep

BALANCING = "scheduling.domain.balancing"
LIMITS = "chargers.domain.limits"
EXPOSURE = "chargers.exposure:Exposure"
NARROW = at("N1", "N2", "N3")
WILD = at("W1", "W3")
MANAGED = at("N1", "N2", "N3", "manager of Narrow", hours=2)


def always(value: Any) -> Callable[[Any], Any]:
    """In place of a function: one that does nothing and returns this."""
    return lambda _: lambda *_, **__: value


def _zero_without_current(real: Any) -> Any:
    def measure(sample: Any, wiring: Any, *, rise_w: Any, at: Any) -> Any:
        if sample.currents_ma is None and sample.current_ma is None:
            return Draw(ZERO_MA, 0, DrawSource.CURRENT, at), ""
        return real(sample, wiring, rise_w=rise_w, at=at)

    return measure


def _fails_for_the_peak(real: Any) -> Any:
    def attempt(self: Any, step: Any, run: Any, *, otherwise: Any) -> Any:
        if step == BalanceStep.BILLED_PEAK:
            raise ValueError("the billed peak violates a constraint")
        return real(self, step, run, otherwise=otherwise)

    return attempt


def _one_phase(real: Any) -> Any:
    def to_watts(schedule: Any, volts: int) -> None:
        (period,) = schedule["chargingSchedulePeriod"]
        period.pop("numberPhases", None)
        real(schedule, volts)

    return to_watts


def _never_renews(real: Any) -> Any:
    def raise_or_renew(book: Any, line: Any) -> Any:
        move = real(book, line)
        return None if move is not None and move.why == "renew" else move

    return raise_or_renew


def _no_gate(real: Any) -> Any:
    """Room without end, and no second look."""
    if real.__name__ == "reach":
        return lambda self, _line: np.full(self.steps, INT32_MAX)
    return lambda *_, **__: True


def _is_stopped(line: Any) -> bool:
    confirmed = line.exposure.confirmed
    return confirmed is not None and confirmed.limit_ma == 0


def _takes_refused_fallbacks(real: Any) -> Any:
    def tell_each(command: Any, *, now: Any) -> Any:
        if command.kind == CommandKind.SET_FALLBACK and command.state == CommandState.REJECTED:
            ChargerCommand.objects.filter(pk=command.pk).update(state=CommandState.ACCEPTED)
        return real(command, now=now)

    return tell_each


SABOTAGES = (
    Sabotage(
        "one profile id for all connectors",
        ("chargers.ocpp.profile_ids:transaction_id",),
        always(1),
        at("T1"),
        "A0",
    ),
    Sabotage(
        "null counts as zero: a current that is not measured is 0 A",
        ("chargers.domain.metering.draws:measure_draw",),
        _zero_without_current,
        WILD,
        "A1",
    ),
    Sabotage(
        "a current after the stop is nobody's",
        ("chargers.domain.metering.meter_book:MeterBook.write_strays",),
        always(None),
        at("W2", "W3"),
        "A2",
    ),
    Sabotage("an overdraw is minded by nobody", (f"{BALANCING}.watch:mind_overdraw",), always([]), WILD),
    Sabotage(
        "a refused card is as good as any",
        ("chargers.models:Session.is_refused",),
        lambda _: property(lambda _: False),
        at("F1"),
        "A3",
    ),
    Sabotage(
        "a car starts only with all that it could take",
        (f"{BALANCING}.problem:least_ma", f"{BALANCING}.rebalance:least_ma"),
        lambda _: lambda place, *_: place.connector.max_current_ma,
        NARROW,
        "A5",
    ),
    Sabotage(
        "what a car uses is forgotten with each look",
        (f"{BALANCING}.taking:_most_ma",),
        lambda real: lambda _, place, *, now: real(None, place, now=now),
        at("W3"),
        "A6",
    ),
    Sabotage(
        "a sleeping car is offered nothing more",
        (f"{BALANCING}.taking:Taking.offer_ma",),
        always(0),
        at("S1", "S2", hours=1.5),
        "A7",
    ),
    Sabotage(
        "a billed peak that can't be stored ends the rebalance",
        ("evbalancer.common.beside:Beside.attempt",),
        _fails_for_the_peak,
        at("N1", hours=0.2),
        "A8",
    ),
    Sabotage(
        "a planned charge point holds its nameplate",
        (f"{LIMITS}.exposures:read_exposure",),
        lambda real: lambda *a, **k: replace(real(*a, **k), planned=False),
        NARROW,
        "A9",
    ),
    Sabotage(
        "a boot in a transaction changes nothing that we believe",
        (f"{LIMITS}.limits:_send_again",),
        always(None),
        at("C1"),
        "A10",
    ),
    Sabotage(
        "a charger that takes watts is told those of one phase",
        ("chargers.ocpp.v16.profiles:_to_watts",),
        _one_phase,
        at("B9"),
        "A11",
    ),
    Sabotage(
        "each boot has the fallback written",
        (f"{LIMITS}.boots:next_step", f"{LIMITS}.boots:next_write"),
        always(boots.Step.WRITE),
        at("C2"),
        "A12",
    ),
    Sabotage(
        "settle times are skipped: a raise does not wait for the cut",
        (f"{EXPOSURE}.settling_after",),
        lambda _: lambda self, *_, **__: self,
        NARROW,
    ),
    Sabotage("a lease is never renewed", (f"{BALANCING}.gate:_raise_or_renew",), _never_renews, at("N1")),
    Sabotage(
        "the gate lets everything pass",
        (f"{BALANCING}.gate:Book.take", f"{BALANCING}.gate:check_moves", f"{BALANCING}.gate:Book.reach"),
        _no_gate,
        NARROW,
    ),
    Sabotage(
        "the gate forgets what was sent and not answered",
        (f"{LIMITS}.exposures:open_spans",),
        always({}),
        at("U1"),
    ),
    Sabotage(
        "a limit without an answer counts as refused",
        (f"{EXPOSURE}.lost",),
        lambda _: lambda self, _span, *, still_open=(), **_: replace(self, open=still_open),
        at("D1", "D2"),
    ),
    Sabotage(
        "a refused fallback counts as taken",
        ("chargers.domain.orders.listeners:_tell_each",),
        _takes_refused_fallbacks,
        at("D3", "D4"),
    ),
    Sabotage(
        "a lease that still runs is given to others",
        (f"{EXPOSURE}.lapsed",),
        lambda _: lambda self, _now_s: replace(self, confirmed=None),
        NARROW,
    ),
    Sabotage(
        "a lowered limit is not aimed at",
        ("grid.domain.limits:aimed_limits_ma", "grid.domain.imports:near_limits_ma"),
        lambda real: lambda circuits, _, *rest: real(circuits, (), *rest),
        MANAGED,
    ),
    Sabotage(
        "a cut is in force before cars can follow",
        ("grid.domain.limits:note_cover",),
        lambda real: lambda limit, **_: real(limit, effective_at=limit.announced_at, uncovered_ma=0),
        MANAGED,
    ),
    Sabotage(
        "a car that was stopped is not started again",
        (f"{BALANCING}.gate:_raise_or_renew",),
        lambda real: lambda book, line: None if _is_stopped(line) else real(book, line),
        MANAGED,
    ),
)
