from dataclasses import dataclass

# Where the drill happens, too.
FIRST_SITE = "drill"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be lived through. The same plan gives the same life."""

    seed: int = 1
    hours: float = 24.0
    site: str = FIRST_SITE
    faults: str = "mild"
    tick_s: float = 1.0
    # The names of what happens in it, or patterns of them, where it is a part of a longer life: see `Scene.happens`.
    only: frozenset[str] | None = None
