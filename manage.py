#!/usr/bin/env python3
"""The project's command line. `demo` and `test` need nothing but Python: see evbalancer/bootstrap.py."""

import os
import re
import sys

# Refused here and not in bootstrap.py, so only this file must stay readable to old Pythons.
OLDEST_PYTHON = (3, 11)
# All tests but the drills, on several workers at once.
ALL_TESTS = ["-m", "not drill", "--numprocesses=auto", "--dist=worksteal"]
# They serve nobody but the one who starts them: no secret key is asked for.
WITHOUT_INSTALLATION = ("demo", "explain", "rate", "simulate", "simulate_chargers")
HELP = frozenset({"help", "-h", "--help"})
# As SQLite and PostgreSQL say it; a whole database or role that is not there does not answer.
LACKS_TABLES = re.compile(r"no such (table|column)|(relation|column) .* does not exist")


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
        import pytest

        sys.exit(pytest.main(sys.argv[2:] or ALL_TESTS))
    if command in WITHOUT_INSTALLATION or not HELP.isdisjoint(sys.argv[1:]):
        os.environ.setdefault("EVB_DEMO", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings")

    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, ProgrammingError

    from evbalancer.common.db.database import NO_TABLES

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except (OperationalError, ProgrammingError) as error:
        if LACKS_TABLES.search(str(error)):
            sys.exit(NO_TABLES)
        if not isinstance(error, OperationalError):
            raise
        said = str(error).strip() or type(error).__name__
        sys.exit(f"The database does not answer: {said.splitlines()[0]}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
