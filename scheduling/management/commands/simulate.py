"""manage.py simulate: the product's own engine in closed loop over a scenario file."""

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scheduling.management.scenario_files import ScenarioFileError, history_from, scenario_from
from scheduling.solver.closed_loop import run_scenario
from scheduling.solver.figures import Figures, figures_of
from scheduling.solver.problem import Aim, Policy, ShortageRule
from scheduling.solver.warm_up import warm_up

BAR = 40


class Command(BaseCommand):
    help = "Play a scenario (evb-scenario/1, .json or .json.gz) with the allocation engine and print what it comes to."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("scenario", type=Path)
        parser.add_argument(
            "--policy",
            default="fair",
            help="fair, serve, equal or first-come; a second aim after a plus: fair+price",
        )
        parser.add_argument(
            "--continuous", action="store_true", help="continuous rates instead of charger steps"
        )
        parser.add_argument(
            "--history", type=Path, help="past days to learn from: a scenario file, or a list of them"
        )
        parser.add_argument("--out", type=Path, help="write the result in the scorer's format")
        parser.add_argument("--efficiency", type=float, default=Policy().efficiency, help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        policy = _policy(
            options["policy"], quantise=not options["continuous"], efficiency=options["efficiency"]
        )
        try:
            scenario = scenario_from(options["scenario"])
            expect = history_from(options["history"], scenario) if options["history"] else None
        except ScenarioFileError as error:
            raise CommandError(str(error)) from error
        warm_up()
        run = run_scenario(
            scenario, policy, expect=expect, on_period=self._progress if self.stderr.isatty() else None
        )
        self.stdout.write(_table(scenario.name, figures_of(scenario, run)))
        if options["out"]:
            try:
                options["out"].write_text(json.dumps(run.result()))
            except OSError as error:
                raise CommandError(f"cannot write {options['out']}: {error.strerror}") from error

    def _progress(self, done: int, total: int) -> None:
        if done % max(1, total // 100) == 0 or done == total:
            filled = BAR * done // total
            self.stderr.write(
                f"\r[{'#' * filled}{'.' * (BAR - filled)}] {done}/{total} periods",
                ending="\n" * (done == total),
            )
            self.stderr.flush()


def _policy(name: str, *, quantise: bool, efficiency: float) -> Policy:
    rule, _, aim = name.partition("+")
    try:
        return Policy(
            rule=ShortageRule(rule or "fair"),
            aim=Aim(aim or "none"),
            quantise=quantise,
            efficiency=efficiency,
        )
    except ValueError:
        aims = [*ShortageRule]
        if rule in {*Aim}:
            return Policy(aim=Aim(rule), quantise=quantise, efficiency=efficiency)
        raise CommandError(
            f"--policy {name!r}: choose one of {', '.join(aims)}, with +price, +carbon or +peak as second aim"
        ) from None


def _table(name: str, figures: Figures) -> str:
    rows = (
        ("energy asked", f"{figures.asked_wh / 1000:.3f} kWh"),
        (
            "energy delivered",
            f"{figures.delivered_wh / 1000:.3f} kWh ({100 * figures.delivered_share:.2f} %)",
        ),
        ("fully served", f"{100 * figures.met_share:.1f} % of sessions"),
        ("worst off", f"{100 * figures.worst_off:.1f} % of what it asked for"),
        ("Jain index", f"{figures.jain:.4f}"),
        ("starts per session", f"{figures.starts_per_session:.2f}"),
        ("peak", f"{figures.peak_w / 1000:.2f} kW"),
        ("cost", f"{figures.cost:.3f}"),
        ("tick", f"{figures.tick_ms_median:.2f} ms median, {figures.tick_ms_max:.2f} ms at most"),
    )
    width = max(len(label) for label, _ in rows)
    return "\n".join([name, *(f"  {label:<{width}}  {value}" for label, value in rows)])
