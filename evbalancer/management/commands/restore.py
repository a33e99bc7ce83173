from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evbalancer.ops.backups import BackupRefusedError, read_about, restore_backup

ASK = (
    "Everything in this database is replaced by what was in it at {made_at}. Type the word restore to go on: "
)
DONE = (
    "The database is that of {made_at}. Start the servers: chargers connect and repeat what was not answered. "
    "Statements that were issued since then have to be issued again; they get the same numbers."
)


class Command(BaseCommand):
    help = "Replace everything in the database by a backup. Stop all servers and workers first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="written by manage.py backup")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--with-other-keys", action="store_true", help="even if the keys of the backup are not set"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = datetime.now(UTC)
        try:
            about = read_about(options["file"])
            if not options["yes"] and input(ASK.format(made_at=about.made_at)).strip() != "restore":
                raise CommandError("Nothing was changed.")
            restore_backup(options["file"], with_other_keys=options["with_other_keys"], now=now)
        except BackupRefusedError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(DONE.format(made_at=about.made_at))
