"""What a month brought to whom."""

from collections.abc import Sequence
from dataclasses import dataclass

LITTLE = 0.3  # of the wish: a night below it counts as one that went badly


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ledger: due_wh is what was wanted and full power could have brought."""

    night: int
    driver: str
    wanted_wh: float
    due_wh: float
    received_wh: float


@dataclass(frozen=True, slots=True)
class Figures:
    energy: float
    worst: float
    p10: float
    jain: float
    best: float
    longest_run: int


def by_night(lines: Sequence[Line]) -> dict[tuple[str, int], tuple[float, float]]:
    """By driver and night what was truly wanted and what of it was received, over all stays of that night."""
    nights: dict[tuple[str, int], tuple[float, float]] = {}
    for line in lines:
        wanted, received = nights.get((line.driver, line.night), (0.0, 0.0))
        nights[line.driver, line.night] = wanted + line.wanted_wh, received + line.received_wh
    return {key: (wanted, min(received, wanted)) for key, (wanted, received) in nights.items()}


def shares_of(lines: Sequence[Line]) -> dict[str, float]:
    """What each driver received of what was truly wanted. What an inflated wish brought beyond it counts nothing."""
    wanted: dict[str, float] = {}
    received: dict[str, float] = {}
    for (driver, _night), (wanted_wh, received_wh) in by_night(lines).items():
        wanted[driver] = wanted.get(driver, 0.0) + wanted_wh
        received[driver] = received.get(driver, 0.0) + received_wh
    return {driver: received[driver] / wanted[driver] for driver in wanted}


def figures_of(lines: Sequence[Line]) -> Figures:
    shares = sorted(shares_of(lines).values())
    nights = by_night(lines)
    run: dict[str, int] = {}
    longest = 0
    for (driver, _night), (wanted_wh, received_wh) in nights.items():
        run[driver] = run.get(driver, 0) + 1 if received_wh < LITTLE * wanted_wh else 0
        longest = max(longest, run[driver])
    return Figures(
        energy=sum(received for _, received in nights.values())
        / sum(wanted for wanted, _ in nights.values()),
        worst=shares[0],
        p10=shares[len(shares) // 10],
        jain=sum(shares) ** 2 / len(shares) / sum(share**2 for share in shares),
        best=shares[-1],
        longest_run=longest,
    )
