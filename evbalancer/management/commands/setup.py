from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from evbalancer.common.db.database import NO_TABLES, lacks_tables
from evbalancer.setup.faults import Faults, SiteRefused
from evbalancer.setup.handover import NotPrivate, write_secrets
from evbalancer.setup.install import Installed, install_site
from evbalancer.setup.site_file import read_site
from grid.domain.audit import SYSTEM


class Command(BaseCommand):
    help = (
        "Set up a community with its grid connection, circuits, charge points, tariff and people from one file, or nothing of it. "
        "Running it again adds what is missing and changes what differs. docs/setup.md describes the file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="path", type=Path, required=True, metavar="site.toml")
        parser.add_argument(
            "--check", action="store_true", help="name everything that is wrong, and store nothing"
        )
        parser.add_argument(
            "--secrets",
            type=Path,
            help="file for keys of charge points and first passwords, readable by its owner alone; site-secrets.csv beside the description if left out",
        )
        parser.add_argument(
            "--url", default="ws://127.0.0.1:8000", help="where charge points reach this server"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if lacks_tables():
            raise CommandError(NO_TABLES)
        path: Path = options["path"]
        secrets: Path = options["secrets"] or path.with_name("site-secrets.csv")
        count = 0
        try:
            faults = Faults()
            site = read_site(path, faults)
            with transaction.atomic():
                done = install_site(site, actor=SYSTEM, now=datetime.now(UTC), faults=faults)
                if options["check"]:
                    transaction.set_rollback(True)
                else:
                    count = write_secrets(secrets, done, base=options["url"])
        except SiteRefused as refused:
            raise CommandError(f"Nothing was stored.\n{refused}") from refused
        except NotPrivate as error:
            raise CommandError(
                f"Nothing was stored: others can read {secrets}. Set its mode to 600, or name another file with --secrets."
            ) from error
        except OSError as error:
            raise CommandError(
                f"Nothing was stored: {secrets} can't be written ({error.strerror})."
            ) from error
        if options["check"]:
            self.stdout.write("The description is right. Nothing was stored.")
            return
        self._tell(done, count, secrets)

    def _tell(self, done: Installed, count: int, secrets: Path) -> None:
        self.stdout.write(f"{done.community.name} is set up.")
        if done.new_people:
            self.stdout.write(
                f"{done.new_people} people are new. Invite them in the back office (People > Invitations)."
            )
        if count:
            self.stdout.write(f"{count} keys and first passwords are in {secrets}, and nowhere else.")
