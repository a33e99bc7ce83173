"""What a drill did and what came of it: for people, and as JSON."""

from dataclasses import asdict, dataclass, field

# Promise E12.
RECOVERY_S = 30.0


@dataclass(slots=True)
class CircuitReport:
    """What one circuit carried at most, and what it may carry, in mA per phase."""

    name: str
    limit_ma: int
    peak_ma: tuple[int, int, int] = (0, 0, 0)

    @property
    def is_broken(self) -> bool:
        return max(self.peak_ma) > self.limit_ma


@dataclass(slots=True)
class Cut:
    """A temporary limit, judged from the moment at which it was in force until it was lifted."""

    circuit: str
    limit_ma: int
    uncovered_ma: int
    effective_at: float
    lifted_at: float
    peak_ma: tuple[int, int, int] = (0, 0, 0)

    @property
    def seconds(self) -> float:
        return max(0.0, self.lifted_at - self.effective_at)

    @property
    def is_broken(self) -> bool:
        return max(self.peak_ma) > self.limit_ma + self.uncovered_ma


@dataclass(slots=True)
class Outage:
    """A service that went away, and how soon after its return the cluster was balanced again."""

    service: str
    how: str
    down_s: float
    recovered_s: float | None = None
    requests_meanwhile: int = 0
    above_fallback: list[str] = field(default_factory=list)

    @property
    def is_broken(self) -> bool:
        """Not back in time; or, without the database, something was sent or a car kept more than its fallback."""
        late = self.recovered_s is None or self.recovered_s > RECOVERY_S
        return (
            late
            or bool(self.above_fallback)
            or (self.service == "PostgreSQL" and self.requests_meanwhile > 0)
        )

    def __str__(self) -> str:
        back = "never" if self.recovered_s is None else f"{self.recovered_s:.1f} s later"
        trouble = f", above the fallback: {', '.join(self.above_fallback)}" if self.above_fallback else ""
        return (
            f"{self.service} {self.how}, away for {self.down_s:.1f} s: balanced again {back}, "
            f"{self.requests_meanwhile} requests to chargers meanwhile{trouble}{' BROKEN' if self.is_broken else ''}"
        )


@dataclass(slots=True)
class Survived:
    """A fault of another kind, and how soon after its end all was well: seconds, None where that took too long."""

    what: str
    lasted_s: float
    balanced_s: float | None = None
    all_back_s: float | None = None
    # While it lasted; None where nobody can balance then.
    balanced_meanwhile_s: float | None = None
    must_balance_meanwhile: bool = False

    @property
    def is_broken(self) -> bool:
        return (
            self.balanced_s is None
            or self.all_back_s is None
            or (self.must_balance_meanwhile and self.balanced_meanwhile_s is None)
        )

    def __str__(self) -> str:
        balanced = "never" if self.balanced_s is None else f"{self.balanced_s:.1f} s later"
        back = "never" if self.all_back_s is None else f"{self.all_back_s:.1f} s later"
        meanwhile = (
            f", meanwhile balanced after {self.balanced_meanwhile_s:.1f} s"
            if self.balanced_meanwhile_s is not None
            else ""
        )
        return (
            f"{self.what}, {self.lasted_s:.1f} s: balanced again {balanced}, all charge points back {back}"
            f"{meanwhile}{' BROKEN' if self.is_broken else ''}"
        )


@dataclass(slots=True)
class Messages:
    """Requests on the wire, and those whose answer never came. Nothing of a transaction may be lost."""

    from_chargers: int = 0
    unanswered_by_server: int = 0
    from_server: int = 0
    unanswered_by_chargers: int = 0
    transactions: int = 0
    transaction_messages_dropped: int = 0
    transactions_lost: int = 0
    still_queued: int = 0

    @property
    def is_broken(self) -> bool:
        return bool(self.transaction_messages_dropped or self.transactions_lost or self.still_queued)


@dataclass(slots=True)
class Report:
    seed: int
    kills: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    outages: list[Outage] = field(default_factory=list)
    survived: list[Survived] = field(default_factory=list)
    circuits: list[CircuitReport] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    messages: Messages = field(default_factory=Messages)
    ended_by_itself: list[str] = field(default_factory=list)
    not_back: list[str] = field(default_factory=list)
    utilisation: float = 0.0
    seconds: float = 0.0

    @property
    def broken(self) -> list[str]:
        """Violations in words; empty when everything held."""
        wrong = [f"the limit of {each.name}" for each in self.circuits if each.is_broken]
        wrong += [f"a temporary limit of {cut.circuit}" for cut in self.cuts if cut.is_broken]
        wrong += [
            f"the outage of {outage.service} ({outage.how})" for outage in self.outages if outage.is_broken
        ]
        wrong += [each.what for each in self.survived if each.is_broken]
        wrong += [f"{name} ended unexpectedly" for name in self.ended_by_itself]
        wrong += [f"{name} did not come back" for name in self.not_back]
        return [*wrong, *(["messages of transactions were lost"] if self.messages.is_broken else [])]

    @property
    def is_broken(self) -> bool:
        return bool(self.broken)

    def as_dict(self) -> dict[str, object]:
        return {**asdict(self), "broken": self.broken}

    def __str__(self) -> str:
        told = self.messages
        lines = [f"{self.kills} kills in {self.seconds:.0f} s, faults: {self.faults}, seed {self.seed}"]
        lines += map(str, self.outages)
        lines += map(str, self.survived)
        lines += [
            f"{each.name}: at most {max(each.peak_ma) / 1000:.1f} A of {each.limit_ma / 1000:.0f} A"
            for each in self.circuits
        ]
        lines += [
            f"{cut.circuit} cut to {cut.limit_ma / 1000:.1f} A and in force for {cut.seconds:.0f} s: "
            f"at most {max(cut.peak_ma) / 1000:.1f} A, {cut.uncovered_ma / 1000:.1f} A not covered"
            for cut in self.cuts
        ]
        lines.append(
            f"{told.from_chargers} requests of chargers, {told.unanswered_by_server} of them lost with their connection; "
            f"{told.from_server} of the server, {told.unanswered_by_chargers} unanswered"
        )
        lines.append(
            f"{told.transactions} transactions, {told.transactions_lost} lost, {told.transaction_messages_dropped} of their "
            f"messages dropped, {told.still_queued} still queued"
        )
        lines.append(f"{self.utilisation:.2f} of what the transformer carries was used")
        return "\n".join([*lines, f"BROKEN: {'; '.join(self.broken)}" if self.broken else "Everything held."])
