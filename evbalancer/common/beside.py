"""Steps beside safety: statistics, bills, messages and pages, none of which may undo it."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import transaction

logger = logging.getLogger(__name__)

T = TypeVar("T")


class StepFailedError(Exception):
    """A step beside an act failed without a savepoint: the act has to be done again, with savepoints."""


class Beside:
    """Steps beside one act. `failed` names those that failed and how: the kind of the error, never its words, which may
    hold people's data.

    A step runs in a savepoint: when it fails, its writes are undone, the failure is logged, and the caller goes on. Savepoints
    cost two statements a step, so an act that runs every few seconds tries without them first and repeats the whole act
    with them when a step has failed.
    """

    def __init__(self, about: object, *, savepoints: bool = True) -> None:
        self.about = about
        self.savepoints = savepoints
        self.failed: dict[str, str] = {}

    def attempt(self, step: str, run: Callable[[], T], *, otherwise: T) -> T:
        """Return the result of `run`, or `otherwise` when it fails. Raises StepFailedError without savepoints."""
        if not self.savepoints:
            try:
                return run()
            except Exception as error:
                raise StepFailedError(step) from error
        try:
            with transaction.atomic():
                return run()
        except Exception as error:
            logger.exception("%s failed beside %s, which goes on", step, self.about)
            self.failed[step] = type(error).__name__
            return otherwise
