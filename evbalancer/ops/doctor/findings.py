"""What a look at the install found, how bad it is, and what to do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Grade(StrEnum):
    FINE = "fine"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """`step` says what to do, and is empty where all is fine."""

    part: str
    grade: Grade
    said: str
    step: str = ""


Look = Callable[[datetime], Iterable[Finding]]


def fine(part: str, said: str) -> Finding:
    return Finding(part, Grade.FINE, said)


def warning(part: str, said: str, step: str) -> Finding:
    return Finding(part, Grade.WARNING, said, step)


def error(part: str, said: str, step: str) -> Finding:
    return Finding(part, Grade.ERROR, said, step)


def worst_of(findings: Iterable[Finding]) -> Grade:
    grades = {finding.grade for finding in findings}
    return next((grade for grade in (Grade.ERROR, Grade.WARNING) if grade in grades), Grade.FINE)
