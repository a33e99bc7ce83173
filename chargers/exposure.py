"""The most a connector could be drawing, now and at every later moment if no message ever gets through again. Pure.

A connector without a running transaction waits: its fallback begins with 0 A for `wait_s` seconds after a transaction's
start. Limits above the fallback are leases that lapse to it; limits below the fallback are keep-downs that lapse *up* to it.

Sources: OCPP 1.6 section 3.13.6 (a charger that loses the server keeps its profile), docs/promises.md, E1-E6 and E13.
Moments are seconds on the server's clock, currents mA per phase.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

NEVER_S = math.inf
ALWAYS_S = -math.inf


PhaseSet = tuple[int, ...]
PerPhase = tuple[int, int, int]


class Piece(NamedTuple):
    """It could draw this much on these grid phases in [from_s, to_s)."""

    limit_ma: int
    from_s: float
    to_s: float
    phases: PhaseSet


@dataclass(frozen=True, slots=True)
class Timing:
    """How late things can be, in seconds."""

    settle_s: float = 17
    clock_error_s: float = 3
    # The longest way of a StartTransaction: a dead link is noticed, the socket reopened, the queue flushed.
    start_way_s: float = 70
    # Silence after which a charger has to tell its state before a sign of life counts as knowledge of it.
    silence_s: float = 25


class Span(NamedTuple):
    """A profile of a transaction: a limit, and the moment at which it ends."""

    limit_ma: int
    end_s: float = NEVER_S


def highest(pieces: Iterable[Piece], at_s: float) -> PerPhase:
    """The highest of the pieces at that moment on L1, L2 and L3."""
    most = [0, 0, 0]
    for limit_ma, from_s, to_s, phases in pieces:
        if from_s <= at_s < to_s:
            for phase in phases:
                most[phase] = max(most[phase], limit_ma)
    return most[0], most[1], most[2]


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is known of one connector. Exactly these facts are stored; a restart loses none and invents none."""

    nameplate_ma: int
    # The grid phases it is wired to, all three when unknown, and those that the running car was seen to load.
    wired: PhaseSet = (0, 1, 2)
    phases: PhaseSet = ()
    fallback_ma: int | None = None
    # Seconds of 0 A before the fallback; 0 where it does not wait, or where the make does not honour Relative.
    wait_s: float = 0
    # A schedule's duration ends it. None: not tried on this make yet, so both outcomes are reserved.
    lapses: bool | None = None
    # The newest moment at which the charger's state was known from itself.
    contact_s: float | None = None
    running: bool = False
    # Of the running transaction: from here on its fallback may be past the wait.
    fallback_from_s: float = ALWAYS_S
    confirmed: Span | None = None
    # Queued or on the wire; sent without an answer; and what the car may not have left yet.
    open: tuple[Span, ...] = ()
    in_doubt: tuple[Span, ...] = ()
    settling: tuple[Piece, ...] = ()
    overdraw_ma: int | None = None
    uncontrollable: bool = False
    # Its charger has never connected: there may be none yet, and what it took would be the building's load.
    planned: bool = False
    timing: Timing = Timing()

    @property
    def own(self) -> PhaseSet:
        """The phases of the car that is there, as far as they are known."""
        return self.phases or self.wired

    @property
    def is_managed(self) -> bool:
        """Its fallback is known and it obeys; else it counts at its nameplate, whatever it took."""
        return self.fallback_ma is not None and not self.uncontrollable

    @property
    def spans(self) -> tuple[Span, ...]:
        """Every profile the charger may hold for the transaction."""
        held = () if self.confirmed is None else (self.confirmed,)
        return (*held, *self.open, *self.in_doubt)

    def pieces(self) -> Iterator[Piece]:
        """Everything it could draw and when; the worst case is the highest piece at a moment and phase."""
        yield from self.exposed_pieces()
        if self.is_managed:
            yield from self.settling

    def exposed_pieces(self) -> Iterator[Piece]:
        """The same without what settles."""
        if self.planned:
            return
        if not self.is_managed:
            yield Piece(self.nameplate_ma, ALWAYS_S, NEVER_S, self.wired)
            return
        late_s = self.timing.clock_error_s + self.timing.settle_s
        for span in self.spans:
            if span.limit_ma:
                ends_s = span.end_s + late_s if self.lapses else NEVER_S
                yield Piece(min(span.limit_ma, self.nameplate_ma), ALWAYS_S, ends_s, self.own)
        if self.fallback_ma:
            # The car may be another by then, so it counts on every wired phase.
            idle_s, own_s = self.idle_begins_s(), self.lapse_begins_s()
            yield Piece(self.fallback_ma, idle_s, NEVER_S, self.wired)
            if own_s < idle_s:
                yield Piece(self.fallback_ma, own_s, NEVER_S, self.own)
        if self.overdraw_ma:
            # As measured: what flows does not ask what people wrote on the nameplate.
            yield Piece(self.overdraw_ma, ALWAYS_S, NEVER_S, self.own)

    def worst(self, at_s: float) -> PerPhase:
        """The most it could draw at that moment on L1, L2 and L3."""
        return highest(self.pieces(), at_s)

    def worst_ma(self, at_s: float) -> int:
        """The most it could draw at that moment on any phase."""
        return max(self.worst(at_s))

    def idle_begins_s(self) -> float:
        """From here on a transaction that nobody told us of may be past the fallback's wait."""
        if self.wait_s <= 0 or self.contact_s is None:
            return ALWAYS_S
        return self.contact_s - self.timing.start_way_s + self.wait_s - self.timing.clock_error_s

    def lapse_begins_s(self) -> float:
        """From here on the fallback may follow a profile of the transaction we know of, or its own wait."""
        spans = self.spans
        if not self.running and not spans:
            return NEVER_S
        begins_s = NEVER_S if self.confirmed is not None else self.fallback_from_s
        return min(begins_s, *(span.end_s - self.timing.clock_error_s for span in spans), NEVER_S)

    def in_force_ma(self, now_s: float) -> int:
        """What the charger grants the running car as far as it has confirmed anything."""
        confirmed = self.confirmed
        if confirmed is not None and now_s < confirmed.end_s:
            return confirmed.limit_ma
        started = now_s >= min(self.lapse_begins_s(), self.idle_begins_s())
        return (self.fallback_ma or 0) if started else 0

    def highest_ma(self, now_s: float) -> int:
        """The highest limit it may be holding or be about to hold, known or not."""
        held = [
            span.limit_ma for span in (*self.open, *self.in_doubt) if now_s < span.end_s or not self.lapses
        ]
        return max(self.in_force_ma(now_s), *held, 0)

    # What happens to it. Each returns the facts as they are afterwards.

    def sent(self, span: Span) -> Self:
        """Queued: it may be claimed, sent and applied at any moment."""
        return replace(self, open=(*self.open, span))

    def accepted(self, span: Span, *, now_s: float, still_open: tuple[Span, ...] = ()) -> Self:
        """The charger took it. What it replaces stays reserved until the car must have followed.

        A lease that had ended when it was taken is a cut to the fallback, which settles from now on just the same.
        """
        taken = replace(self, confirmed=span, open=still_open, in_doubt=(), uncontrollable=False)
        return taken.settling_after(self, now_s=now_s)

    def refused(self, *, still_open: tuple[Span, ...] = ()) -> Self:
        """Rejected, or never sent: not applied, so what held before still holds."""
        return replace(self, open=still_open)

    def lost(self, span: Span, *, now_s: float, still_open: tuple[Span, ...] = ()) -> Self:
        """No answer means unknown: it may hold, and so may everything before it."""
        return replace(self, open=still_open, in_doubt=self._doubts((*self.in_doubt, span), now_s))

    def fallback_sent(self, fallback_ma: int, wait_s: float) -> Self:
        """Another fallback is on its way: the worse of both counts until it is answered."""
        if self.fallback_ma is None:
            return self
        return replace(self, fallback_ma=max(fallback_ma, self.fallback_ma), wait_s=min(wait_s, self.wait_s))

    def fallback_taken(self, fallback_ma: int, wait_s: float, *, now_s: float) -> Self:
        """The charger took the fallback: from here on it is safe without us."""
        was = self.fallback_ma, self.wait_s
        taken = replace(self, fallback_ma=fallback_ma, wait_s=wait_s)
        if was != (fallback_ma, wait_s):
            # A transaction that runs already counts its wait from a moment that is long gone.
            taken = replace(taken, fallback_from_s=ALWAYS_S)
        return taken.settling_after(self, now_s=now_s)

    def started(self, *, now_s: float, phases: PhaseSet = ()) -> Self:
        """A transaction began: under the fallback, and not earlier than what the last contact allows."""
        fresh = replace(
            self,
            phases=phases,
            running=True,
            fallback_from_s=self.idle_begins_s(),
            confirmed=None,
            open=(),
            in_doubt=(),
            overdraw_ma=None,
        )
        return fresh.settling_after(self, now_s=now_s)

    def ended(self, *, now_s: float) -> Self:
        """Its charger ended the transaction, and with it its profiles; the draw may linger."""
        return replace(self.started(now_s=now_s), running=False, fallback_from_s=ALWAYS_S)

    def abandoned(self, *, now_s: float) -> Self:
        """We gave the transaction up without word from its charger: its profiles may live on."""
        return replace(self, confirmed=None, open=(), in_doubt=self._doubts(self.spans, now_s))

    def lapsed(self, now_s: float) -> Self:
        """The same worst case, said without a lease that is over for certain: the fallback holds."""
        late_s = self.timing.clock_error_s + self.timing.settle_s
        if self.confirmed is None or not self.lapses or now_s < self.confirmed.end_s + late_s:
            return self
        return replace(self, confirmed=None, fallback_from_s=ALWAYS_S)

    def seen(self, *, now_s: float) -> Self:
        """A sign of life. After a silence it proves nothing about the state: see `told`."""
        if self.contact_s is None or now_s - self.contact_s > self.timing.silence_s:
            return self
        return replace(self, contact_s=max(now_s, self.contact_s))

    def told(self, *, now_s: float) -> Self:
        """The charger said which state it is in, and it is the one we know. What it may have left just now still settles."""
        known = replace(self, contact_s=max(now_s, self.contact_s or now_s))
        return known.settling_after(self, now_s=now_s)

    def settling_after(self, before: "Exposure", *, now_s: float) -> Self:
        """Keep what could be drawn a moment ago reserved until the car must have followed what holds now.

        Nothing is kept longer than it was reserved anyway: a worst case never grows by an answer.
        """
        has = highest(self.exposed_pieces(), now_s)
        settled_s = now_s + self.timing.settle_s
        left = {
            Piece(limit_ma, ALWAYS_S, to_s if is_old else min(to_s, settled_s), (phase,))
            for is_old, (limit_ma, from_s, to_s, phases) in before.marked_pieces()
            if from_s <= now_s < to_s
            for phase in phases
            if limit_ma > has[phase]
        }
        kept = [
            piece
            for piece in left
            if not any(
                other != piece
                and other.phases == piece.phases
                and other.limit_ma >= piece.limit_ma
                and other.to_s >= piece.to_s
                for other in left
            )
        ]
        return replace(self, settling=tuple(sorted(kept)))

    def marked_pieces(self) -> Iterator[tuple[bool, Piece]]:
        """All pieces, and whether each was settling already and so keeps its own end."""
        for piece in self.exposed_pieces():
            yield False, piece
        for piece in self.settling:
            yield True, piece

    def _doubts(self, spans: tuple[Span, ...], now_s: float) -> tuple[Span, ...]:
        """As few as say the same: what has lapsed for certain only tells since when the fallback may flow."""
        late_s = self.timing.clock_error_s + self.timing.settle_s
        ends: dict[int, list[float]] = {}
        for limit_ma, end_s in spans:
            is_over = self.lapses and end_s + late_s <= now_s
            ends.setdefault(0 if is_over else limit_ma, []).append(end_s)
        return tuple(
            Span(limit_ma, end_s)
            for limit_ma, moments in sorted(ends.items())
            for end_s in {min(moments), max(moments)}
        )
