"""A month of shortage, played with the product's own rules. See `python -m benchmarks.month --help`."""

# ruff: noqa: E402 (Django is set up before its models are imported)
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings")
os.environ.setdefault("DEBUG", "1")

import django

django.setup()

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
