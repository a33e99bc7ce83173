#!/usr/bin/env python3
"""The project's command line. `demo` and `test` need nothing but Python: see evbalancer/bootstrap.py."""

import os
import sys
from collections.abc import Iterable

# Refused here and not in bootstrap.py, so only this file must stay readable to old Pythons.
OLDEST_PYTHON = (3, 11)
# All tests: on several workers at once, and then by themselves those that measure servers against the clock.
ALL_TESTS = (["-m", "not clock", "--numprocesses=auto", "--dist=worksteal"], ["-m", "clock"])
INTERRUPTED = 2
# They serve nobody but the one who starts them: no secret key is asked for.
WITHOUT_INSTALLATION = ("demo", "explain", "simulate", "simulate_chargers")


def main() -> None:
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            "EV Balancer needs Python 3.11 or newer, and this is Python {}.{}.".format(*sys.version_info)
        )

    from evbalancer import bootstrap

    bootstrap.prepare(sys.argv)
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "test":
        os.chdir(bootstrap.ROOT)
        sys.exit(test([sys.argv[2:]] if sys.argv[2:] else ALL_TESTS))
    if command in WITHOUT_INSTALLATION:
        os.environ.setdefault("EVB_DEMO", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings")

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


def test(runs: Iterable[list[str]]) -> int:
    """The worst of pytest's answers to these arguments."""
    import pytest

    worst = 0
    for arguments in runs:
        worst = max(worst, int(pytest.main(arguments)))
        if worst == INTERRUPTED:
            break
    return worst


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
