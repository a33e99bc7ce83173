"""Re-encrypt all stored secrets under the first of FIELD_ENCRYPTION_KEYS; then the old key can be taken away."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from evbalancer.common.security.encryption import KeyMissing, rotate_columns


class Command(BaseCommand):
    help = (
        "Re-encrypt all stored secrets (tokens, IBANs, passwords) under the first of FIELD_ENCRYPTION_KEYS."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = sum(rotate_columns(model) for model in apps.get_models())
        except KeyMissing as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{count} rows are under the first key now. You can remove the others.")
