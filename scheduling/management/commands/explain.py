"""manage.py explain: one decision of the engine in sentences."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scheduling.management.commands.simulate import policy_named
from scheduling.management.scenario_files import ScenarioFileError, scenario_from
from scheduling.solver.explain import sentences
from scheduling.solver.play.closed_loop import run_scenario
from scheduling.solver.problem import Problem
from scheduling.solver.solution import Solution


class Command(BaseCommand):
    help = "Explain in sentences what the engine decides for each car in one period of a scenario."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("scenario", type=Path)
        parser.add_argument("--period", type=int, help="which period, from 0; without it the busiest one")
        parser.add_argument("--session", help="only this session")
        parser.add_argument("--policy", default="live", help="as for simulate")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            scenario = scenario_from(options["scenario"])
        except ScenarioFileError as error:
            raise CommandError(str(error)) from error
        decisions: dict[int, tuple[Problem, Solution]] = {}

        def remember(period: int, problem: Problem, solution: Solution) -> None:
            decisions[period] = (problem, solution)

        run_scenario(scenario, policy_named(options["policy"]), on_tick=remember)
        wanted = options["period"]
        if not decisions or (wanted is not None and wanted not in decisions):
            raise CommandError("nothing was decided then: no car wanted energy")
        period = (
            wanted if wanted is not None else max(decisions, key=lambda at: len(decisions[at][0].demands))
        )
        _, solution = decisions[period]
        if options["session"] and options["session"] not in solution.allotments:
            raise CommandError(f"session {options['session']!r} wanted nothing in period {period}")
        self.stdout.write(f"{scenario.name}, period {period}")
        for line in sentences(solution, only=options["session"]):
            self.stdout.write(line)
