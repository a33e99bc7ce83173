"""A month of shortage, played with the product's own rules. See `python -m benchmarks.month --help`."""

from benchmarks import standalone  # noqa: F401 (first: it sets Django up)
from benchmarks.month.figures import Figures, Line, figures_of, shares_of
from benchmarks.month.model import KINDS, Driver, Month, Stay, generated_month, months_asked_for, read_month
from benchmarks.month.play import Playing, given_back, play_month, usual_on, weights_on
from benchmarks.month.scenario import night_of

__all__ = [
    "KINDS",
    "Driver",
    "Figures",
    "Line",
    "Month",
    "Playing",
    "Stay",
    "figures_of",
    "generated_month",
    "given_back",
    "months_asked_for",
    "night_of",
    "play_month",
    "read_month",
    "shares_of",
    "usual_on",
    "weights_on",
]
