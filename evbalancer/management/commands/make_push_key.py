from typing import Any

from django.core.management.base import BaseCommand

from evbalancer.common.security import push


class Command(BaseCommand):
    help = "Print a new key for web push, as .env wants it. Keep it: with another one every browser has to be allowed again."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"WEB_PUSH_KEY={push.make_key()}")
