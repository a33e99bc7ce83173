"""For an operator whose phone and recovery codes are lost; managers can do it for each other in the back office."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from drivers.domain.sign_in.factors import remove_second_factor
from drivers.models import User
from grid.domain.audit import SYSTEM


class Command(BaseCommand):
    help = "Remove the second factor of an account, whose password alone opens it from then on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="user name or mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = User.objects.get_by_natural_key(options["name"])
        except User.DoesNotExist as error:
            raise CommandError(f"There is no account {options['name']}.") from error
        if not remove_second_factor(user, actor=SYSTEM, now=timezone.now()):
            raise CommandError(f"{user.get_username()} has no second factor.")
        self.stdout.write(
            f"{user.get_username()} signs in with the password alone, and can set up another one."
        )
