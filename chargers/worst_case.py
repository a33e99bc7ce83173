"""The most a connector could be drawing, now and at every later moment if no message ever gets through again. Pure.

A connector without a running transaction waits: its default is 0 A for `wait_s` seconds after a transaction begins, then the
fallback. Limits above the fallback are leases that lapse to it; limits below the fallback are holds that lapse *up* to it.

Sources: OCPP 1.6 section 3.13.6 (a charger that loses the server keeps its profile), docs/promises.md, E1-E6 and E13.
Moments are seconds on the server's clock, currents mA per phase.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

NEVER_S = math.inf
ALWAYS_S = -math.inf


PhaseSet = tuple[int, ...]
PerPhase = tuple[int, int, int]
NO_CURRENT: PerPhase = (0, 0, 0)


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


@dataclass(frozen=True, slots=True)
class Span:
    """Profiles the charger may hold: the highest limit, the earliest moment one of them ends, and the latest."""

    limit_ma: int
    first_end_s: float = NEVER_S
    last_end_s: float = NEVER_S

    def joined(self, other: "Span | None") -> "Span":
        if other is None:
            return self
        return Span(
            max(self.limit_ma, other.limit_ma),
            min(self.first_end_s, other.first_end_s),
            max(self.last_end_s, other.last_end_s),
        )

    @classmethod
    def until(cls, limit_ma: int, end_s: float) -> "Span":
        return cls(limit_ma, end_s, end_s)


@dataclass(frozen=True, slots=True)
class Hold:
    """What is known of one connector. Exactly these facts are stored; a restart loses none and invents none."""

    nameplate_ma: int
    # The grid phases it is wired to, all three when unknown, and those that the running car was seen to load.
    wired: PhaseSet = (0, 1, 2)
    phases: PhaseSet = ()
    fallback_ma: int | None = None
    # Seconds of 0 A before the fallback; 0 for a plain default, or where the model does not honour Relative.
    wait_s: float = 0
    # A schedule's duration ends it. None: not tried on this model yet, so both outcomes are reserved.
    lapses: bool | None = None
    # The newest moment at which the charger's state was known from itself.
    contact_s: float | None = None
    running: bool = False
    # Of the running transaction: from here on its default may be past the wait.
    default_from_s: float = ALWAYS_S
    confirmed: Span | None = None
    open: Span | None = None
    in_doubt: Span | None = None
    settling_ma: PerPhase = NO_CURRENT
    settled_s: float = ALWAYS_S
    overdraw_ma: int | None = None
    uncontrollable: bool = False
    timing: Timing = Timing()

    @property
    def own(self) -> PhaseSet:
        """The phases of the car that is there, as far as they are known."""
        return self.phases or self.wired

    def pieces(self) -> Iterator[Piece]:
        """Everything it could draw and when; the worst case is the highest piece at a moment and phase."""
        if self.uncontrollable or self.fallback_ma is None:
            yield Piece(self.nameplate_ma, ALWAYS_S, NEVER_S, self.wired)
            return
        late_s = self.timing.clock_error_s + self.timing.settle_s
        for span in (self.confirmed, self.open, self.in_doubt):
            if span is not None and span.limit_ma:
                ends_s = span.last_end_s + late_s if self.lapses else NEVER_S
                yield Piece(min(span.limit_ma, self.nameplate_ma), ALWAYS_S, ends_s, self.own)
        if self.fallback_ma:
            # The car may be another by then, so it counts on every wired phase.
            idle_s, own_s = self.idle_begins_s(), self.lapse_begins_s()
            yield Piece(self.fallback_ma, idle_s, NEVER_S, self.wired)
            if own_s < idle_s:
                yield Piece(self.fallback_ma, own_s, NEVER_S, self.own)
        for phase, settling_ma in enumerate(self.settling_ma):
            if settling_ma:
                yield Piece(settling_ma, ALWAYS_S, self.settled_s, (phase,))
        if self.overdraw_ma:
            yield Piece(min(self.overdraw_ma, self.nameplate_ma), ALWAYS_S, NEVER_S, self.own)

    def worst(self, at_s: float) -> PerPhase:
        """The most it could draw at that moment on L1, L2 and L3."""
        most = [0, 0, 0]
        for limit_ma, from_s, to_s, phases in self.pieces():
            if from_s <= at_s < to_s:
                for phase in phases:
                    most[phase] = max(most[phase], limit_ma)
        return most[0], most[1], most[2]

    def worst_ma(self, at_s: float) -> int:
        """The most it could draw at that moment on any phase."""
        return max(self.worst(at_s))

    def idle_begins_s(self) -> float:
        """From here on a transaction that nobody told us of may be past the default's wait."""
        if self.wait_s <= 0 or self.contact_s is None:
            return ALWAYS_S
        return self.contact_s - self.timing.start_way_s + self.wait_s - self.timing.clock_error_s

    def lapse_begins_s(self) -> float:
        """From here on the fallback may follow a profile of the transaction we know of, or its default's wait."""
        if not self.running and self.confirmed is None and self.open is None and self.in_doubt is None:
            return NEVER_S
        begins_s = NEVER_S if self.confirmed is not None else self.default_from_s
        for span in (self.confirmed, self.open, self.in_doubt):
            if span is not None:
                begins_s = min(begins_s, span.first_end_s - self.timing.clock_error_s)
        return begins_s

    def in_force_ma(self, now_s: float) -> int:
        """What the charger grants the running car as far as it has confirmed anything."""
        confirmed = self.confirmed
        if confirmed is not None and now_s < confirmed.last_end_s:
            return confirmed.limit_ma
        started = now_s >= min(self.lapse_begins_s(), self.idle_begins_s())
        return (self.fallback_ma or 0) if started else 0

    def highest_ma(self, now_s: float) -> int:
        """The highest limit it may be holding or be about to hold, known or not."""
        spans = [span for span in (self.open, self.in_doubt) if span is not None]
        held = [span.limit_ma for span in spans if now_s < span.last_end_s or not self.lapses]
        return max(self.in_force_ma(now_s), *held, 0)

    # What happens to it. Each returns the facts as they are afterwards.

    def sent(self, span: Span) -> Self:
        """Queued: it may be claimed, sent and applied at any moment."""
        return replace(self, open=span.joined(self.open))

    def accepted(self, span: Span, *, now_s: float, still_open: Span | None = None) -> Self:
        """The charger took it. What it replaces stays reserved until the car must have followed.

        A lease that had ended when it was taken is a cut to the fallback, which settles from now on just the same.
        """
        taken = replace(self, confirmed=span, open=still_open, in_doubt=None, uncontrollable=False)
        return taken.settling_after(self, now_s=now_s)

    def refused(self, *, still_open: Span | None = None) -> Self:
        """Rejected, or never sent: not applied, so what held before still holds."""
        return replace(self, open=still_open)

    def lost(self, span: Span, *, still_open: Span | None = None) -> Self:
        """No answer means unknown: it may hold, and so may everything before it."""
        return replace(self, open=still_open, in_doubt=span.joined(self.in_doubt))

    def default_sent(self, fallback_ma: int, wait_s: float) -> Self:
        """Another default is on its way: the worse of both counts until it is answered."""
        if self.fallback_ma is None:
            return self
        return replace(self, fallback_ma=max(fallback_ma, self.fallback_ma), wait_s=min(wait_s, self.wait_s))

    def defaulted(self, fallback_ma: int, wait_s: float, *, now_s: float) -> Self:
        """The charger took a persistent default: from here on it is safe without us."""
        was = self.fallback_ma, self.wait_s
        taken = replace(self, fallback_ma=fallback_ma, wait_s=wait_s)
        if was != (fallback_ma, wait_s):
            # A transaction that runs already counts its wait from a moment that is long gone.
            taken = replace(taken, default_from_s=ALWAYS_S)
        return taken.settling_after(self, now_s=now_s)

    def started(self, *, now_s: float, phases: PhaseSet = ()) -> Self:
        """A transaction began: under the default, and not earlier than what the last contact allows."""
        fresh = replace(
            self,
            phases=phases,
            running=True,
            default_from_s=self.idle_begins_s(),
            confirmed=None,
            open=None,
            in_doubt=None,
            overdraw_ma=None,
        )
        return fresh.settling_after(self, now_s=now_s)

    def ended(self, *, now_s: float) -> Self:
        """Its charger ended the transaction, and with it its profiles; the draw may linger."""
        return replace(self.started(now_s=now_s), running=False, default_from_s=ALWAYS_S)

    def abandoned(self) -> Self:
        """We gave the transaction up without word from its charger: its profiles may live on."""
        spans = [span for span in (self.confirmed, self.open, self.in_doubt) if span is not None]
        doubt = None
        for span in spans:
            doubt = span.joined(doubt)
        return replace(self, confirmed=None, open=None, in_doubt=doubt)

    def seen(self, *, now_s: float) -> Self:
        """A sign of life. After a silence it proves nothing about the state: see `told`."""
        if self.contact_s is None or now_s - self.contact_s > self.timing.silence_s:
            return self
        return replace(self, contact_s=max(now_s, self.contact_s))

    def told(self, *, now_s: float) -> Self:
        """The charger said which state it is in, and it is the one we know. What it may have left just now still settles."""
        known = replace(self, contact_s=max(now_s, self.contact_s or now_s))
        return known.settling_after(self, now_s=now_s)

    def settling_after(self, before: "Hold", *, now_s: float) -> Self:
        """Keep what could be drawn a moment ago reserved until the car must have followed what holds now."""
        lingers = now_s < before.settled_s
        bare = replace(self, settling_ma=NO_CURRENT, settled_s=ALWAYS_S)
        was, then = replace(before, settling_ma=NO_CURRENT).worst(now_s), bare.worst(now_s)
        falls = [had if had > has else 0 for had, has in zip(was, then, strict=True)]
        if not any(falls):
            return (
                replace(self, settling_ma=before.settling_ma, settled_s=before.settled_s) if lingers else bare
            )
        if lingers:
            falls = [max(pair) for pair in zip(falls, before.settling_ma, strict=True)]
        settled_s = now_s + self.timing.settle_s
        return replace(self, settling_ma=(falls[0], falls[1], falls[2]), settled_s=settled_s)
