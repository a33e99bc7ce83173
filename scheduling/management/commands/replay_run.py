from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from scheduling.domain.balancing.replay import replay_run
from scheduling.models import RebalanceRun


class Command(BaseCommand):
    help = "Solve a stored rebalance again from its inputs and say whether it decides the same."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", help="id of the run, as the admin shows it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = RebalanceRun.objects.get(pk=options["run"])
        except (RebalanceRun.DoesNotExist, ValidationError) as error:
            raise CommandError(f"There is no run {options['run']}.") from error
        again = replay_run(run)
        if again is None:
            raise CommandError("This run's inputs are not kept.")
        for pk, limit_ma in sorted(again.now_ma.items()):
            self.stdout.write(f"{pk}  {limit_ma / 1000:g} A")
        if again.differs:
            raise CommandError(f"Decided otherwise then: {again.differs}")
        self.stdout.write("The same as it was decided then.")
