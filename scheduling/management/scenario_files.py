"""Scenario and history files for the commands: .json and .json.gz, refused with the path of the field at fault."""

import gzip
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scheduling.solver.errors import BadInputError
from scheduling.solver.play.history import History, past_days
from scheduling.solver.play.scenario import Scenario, read_scenario
from scheduling.solver.problem import Demand

type_of_expect = Callable[[Scenario, int], Sequence[Demand]]


class ScenarioFileError(Exception):
    """A file that cannot be read or that contradicts itself; the message says where."""


def parsed(path: Path) -> Any:
    """The file's JSON. Raises ScenarioFileError."""
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        return json.loads(raw)
    except OSError as error:
        raise ScenarioFileError(f"{path}: {error.strerror or error}") from error
    except (EOFError, zlib.error, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ScenarioFileError(f"{path}: not JSON: {error}") from error


def scenario_from(path: Path) -> Scenario:
    """A checked scenario. Raises ScenarioFileError with the path of the field at fault."""
    try:
        return read_scenario(parsed(path))
    except BadInputError as error:
        raise ScenarioFileError(f"{path}: {error}") from error


def history_from(path: Path, scenario: Scenario) -> type_of_expect:
    """A forecast of arrivals learnt from past days. Raises ScenarioFileError."""
    try:
        return History(past_days(parsed(path)), scenario).expect
    except BadInputError as error:
        raise ScenarioFileError(f"{path}: {error}") from error
