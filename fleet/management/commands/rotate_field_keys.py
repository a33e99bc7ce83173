"""Re-encrypt stored tokens under the first of FIELD_ENCRYPTION_KEYS; then the old key can be taken away."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evbalancer.common.security.encryption import KeyMissing
from fleet.domain.connections import rotate_keys


class Command(BaseCommand):
    help = "Re-encrypt stored provider tokens under the first of FIELD_ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = rotate_keys()
        except KeyMissing as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{count} connections are under the first key now. You can remove the others.")
