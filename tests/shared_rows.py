"""Rows that all tests of a module begin with: made once, in a transaction around the tests' own."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from pytest_django import DjangoDbBlocker


@contextmanager
def kept_for_module(blocker: DjangoDbBlocker) -> Iterator[None]:
    """Not for modules with transactional tests: these delete all rows."""
    with blocker.unblock():
        atomic = transaction.atomic()
        # As Django marks a test case's own: `durable` asks for no transaction but the tests'.
        atomic._from_testcase = True  # type: ignore[attr-defined]
        with atomic:
            yield
            transaction.set_rollback(True)
