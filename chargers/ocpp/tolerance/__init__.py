"""Between frame and schema: makes a payload that its schema refuses into one that its handler can read.

It is asked only after the schema said no, so a valid message costs nothing here. What it does and never does, and why, is
written down in docs/ocpp-tolerance.md; the rules are in `rules`.
"""

from functools import cache
from typing import Any, NamedTuple

from chargers.ocpp.tolerance.corrections import Corrections, Lacking
from chargers.ocpp.tolerance.rules import ANSWERS, CALLS, Rules
from chargers.ocpp.tolerance.shapes import shape_of
from chargers.ocpp.tolerance.walk import Walk
from chargers.reports.log import Correction

__all__ = ["Corrected", "Lacking", "correct_answer", "correct_call"]


class Corrected(NamedTuple):
    payload: dict[str, Any]
    corrections: tuple[Correction, ...]


def correct_call(package: str, action: str, schema: str, payload: dict[str, Any]) -> Corrected:
    """A call that can be handled. Raises Lacking, which names what its handler can't do without."""
    return _correct(package, schema, _rules(package, action), payload)


def correct_answer(package: str, schema: str, payload: dict[str, Any]) -> Corrected:
    """The answer to a call of ours. Raises Lacking."""
    return _correct(package, schema, ANSWERS, payload)


@cache
def _rules(package: str, action: str) -> Rules:
    return CALLS["v16" if package == "v16" else "v2"].get(action, Rules())


def _correct(package: str, schema: str, rules: Rules, payload: dict[str, Any]) -> Corrected:
    noted = Corrections()
    corrected = Walk(rules, noted).root(payload, shape_of(package, schema))
    return Corrected(corrected, noted.summary())
