"""Imported first by benchmarks that store: they fill a database of their own, never the demo's or an installation's.

DATABASE_URL names another one that may be filled. Call `migrate` before the first row.
"""

import os
from pathlib import Path

VAR = Path(__file__).resolve().parent.parent / "var"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings")
os.environ.setdefault("EVB_DEMO", "1")
if "DATABASE_URL" not in os.environ:
    VAR.mkdir(exist_ok=True)
    os.environ["DATABASE_URL"] = f"sqlite:///{VAR / 'benchmarks.sqlite3'}"


def migrate() -> None:
    """Bring its tables up to date."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
