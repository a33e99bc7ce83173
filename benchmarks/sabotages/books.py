"""Sabotages of energy, bills and promises; the rows are those of part B of the field's faults."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from benchmarks.sabotages.lives import at
from benchmarks.sabotages.power import always
from benchmarks.sabotages.sabotage import Sabotage
from chargers.domain.metering.samples import REGISTER, RUNNING_ORDER
from chargers.ocpp.tolerance.corrections import Lacking
from evbalancer.common.units import INT32_MAX
from pricing.enums import LineKind
from pricing.models import BillLine

METERING = "chargers.domain.metering"
SESSIONS = "chargers.domain.sessions"


def _refuses(_: Any) -> Any:
    def correct_call(_package: str, action: str, *_rest: Any) -> Any:
        raise Lacking(action)

    return correct_call


def _whole_only(real: Any) -> Any:
    def energy(found: Any, value: float, phase: str | None, unit: str) -> None:
        if phase is None:
            real(found, value, phase, unit)

    return energy


def _twice(real: Any) -> Any:
    def bill_sessions(sessions: Any, *, now: Any) -> None:
        sessions = list(sessions)
        real(sessions, now=now)
        lines = BillLine.objects.filter(session__in=sessions, kind=LineKind.ENERGY)
        again = [line for line in lines if BillLine.objects.filter(session=line.session).count() == 1]
        for line in again:
            line.pk, line.kind = uuid4(), LineKind.ADJUSTMENT
        BillLine.objects.bulk_create(again)

    return bill_sessions


def _last_alone(real: Any) -> Any:
    def of(session: Any, *, now: Any) -> Any:
        return replace(real(session, now=now), received_wh=session.energy_wh)

    return of


SABOTAGES = (
    Sabotage(
        "what is longer than it may be is refused",
        ("chargers.ocpp.tolerance:correct_call",),
        _refuses,
        at("B1"),
        "B1",
    ),
    Sabotage(
        "the context of a register is not heeded: that of the begin counts as one of now",
        (f"{METERING}.samples:context_order", "chargers.ocpp.sampled:context_order"),
        always(RUNNING_ORDER),
        at("B2"),
        "B3",
    ),
    Sabotage(
        "a register on a phase is none",
        ("chargers.ocpp.sampled:TABLE",),
        lambda real: real | {REGISTER: _whole_only(real[REGISTER])},
        at("B3"),
        "B4",
    ),
    Sabotage(
        "transaction 0 is a stranger's",
        ("chargers.ocpp.v16.inbound:_named",),
        lambda _: lambda transaction_id: transaction_id,
        at("B4"),
        "B5",
    ),
    Sabotage(
        "an event whose number was heard is a repetition",
        (f"{METERING}.sequences:Marks.repeats",),
        always(True),
        at("B6"),
        "B6",
    ),
    Sabotage(
        "a start that names no EVSE is lost",
        (f"{SESSIONS}.waiting:remember_event",),
        always(None),
        at("B5"),
        "B7",
    ),
    Sabotage(
        "after a boot, that nothing runs says nothing",
        (f"{SESSIONS}.sessions:note_idle_word",),
        always(None),
        at("B7"),
        "B8",
    ),
    Sabotage(
        "every register is believed",
        (f"{METERING}.energies:most_counted_wh",),
        always(INT32_MAX),
        at("B8"),
        "B9",
    ),
    Sabotage(
        "each transaction is a stay of its own",
        (f"{SESSIONS}.plug_ins:goes_on",),
        always(False),
        at("N2"),
        "B10",
    ),
    Sabotage(
        "a stay's ledger has its last transaction only",
        ("scheduling.domain.learning.fairness:Visit.of",),
        _last_alone,
        at("N2"),
        "B10",
    ),
    Sabotage("a bill is written twice", ("pricing.receivers:bill_sessions",), _twice, at("N1")),
    Sabotage("a bill is not written", ("pricing.receivers:bill_sessions",), always(None), at("N1")),
    Sabotage(
        "a stop is confirmed and forgotten",
        (f"{SESSIONS}.sessions:stop_session",),
        always(None),
        at("N1"),
    ),
    Sabotage(
        "a start that is repeated begins another transaction",
        (f"{SESSIONS}.known:Known.started",),
        always(None),
        at("P1"),
    ),
    Sabotage(
        "meter values are confirmed and forgotten",
        (f"{METERING}.meter_book:MeterBook.write",),
        always(None),
        at("N1"),
    ),
    Sabotage(
        "the last minute is not billed: an end keeps what was metered",
        (f"{METERING}.energies:_told",),
        always([]),
        at("N1"),
    ),
)
