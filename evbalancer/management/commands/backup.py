from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evbalancer.common.db.database import NO_TABLES, lacks_tables
from evbalancer.ops.backups import BackupRefusedError, write_backup

KEYS = "The keys are not in it. Keep SECRET_KEY, CHARGER_KEY_PEPPER and FIELD_ENCRYPTION_KEYS elsewhere: without them nobody can use it."


class Command(BaseCommand):
    help = "Write everything into one file, while servers run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where the file goes")

    def handle(self, *args: Any, **options: Any) -> None:
        if lacks_tables():
            raise CommandError(NO_TABLES)
        try:
            path = write_backup(options["folder"], now=datetime.now(UTC))
        except BackupRefusedError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The backup can't be written: {error.strerror}.") from error
        self.stdout.write(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
        self.stdout.write(KEYS)
