"""manage.py simulate: the product's own engine in closed loop over a scenario file."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scheduling.management.scenario_files import ScenarioFileError, history_from, scenario_from
from scheduling.solver.play.closed_loop import run_scenario
from scheduling.solver.play.figures import Figures, figures_of
from scheduling.solver.play.live import TICK_S, live_policy
from scheduling.solver.problem import Aim, Policy, ShortageRule
from scheduling.solver.warm_up import warm_up

BAR = 40
LIVE_NAME = "live"
LEAST_STEP_MA = 100


class Command(BaseCommand):
    help = (
        "Play a scenario (evb-scenario/1, .json or .json.gz) with the allocation engine and print the result."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("scenario", type=Path)
        parser.add_argument(
            "--policy",
            default="live",
            help="live: what the balancer runs (live-serve, live-equal, live-first-come: under that rule). The bare engine, "
            "without the balancer's policy: fair, serve, equal or first-come. A second aim after a plus: live+price",
        )
        parser.add_argument(
            "--continuous", action="store_true", help="continuous rates instead of charger steps"
        )
        parser.add_argument(
            "--history", type=Path, help="past days to learn from: a scenario file, or a list of them"
        )
        parser.add_argument(
            "--tick",
            type=int,
            help="seconds between two decisions; live: 300, bare: once a period of the file",
        )
        parser.add_argument(
            "--step", type=float, default=1.0, help="amperes that chargers take as one step: 1 or 0.1"
        )
        parser.add_argument("--out", type=Path, help="write the result in the scorer's format")
        parser.add_argument("--efficiency", type=float, default=Policy().efficiency, help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        policy = policy_named(
            options["policy"], quantise=not options["continuous"], efficiency=options["efficiency"]
        )
        try:
            scenario = scenario_from(options["scenario"])
            expect = history_from(options["history"], scenario) if options["history"] else None
        except ScenarioFileError as error:
            raise CommandError(str(error)) from error
        warm_up()
        tick_s = options["tick"] or (TICK_S if policy.minimum_first else None)
        run = run_scenario(
            scenario,
            policy,
            tick_s=tick_s,
            step_ma=_step_ma(options["step"]),
            expect=expect,
            on_period=self._progress if self.stderr.isatty() else None,
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


def policy_named(name: str, *, quantise: bool = True, efficiency: float = Policy().efficiency) -> Policy:
    """The policy that `--policy` names. Raises CommandError."""
    rule, _, aim = name.partition("+")
    if not aim and rule in {*Aim}:
        rule, aim = "fair", rule
    live, _, live_rule = rule.partition("-") if rule.startswith(LIVE_NAME) else ("", "", "")
    try:
        second = Aim(aim or "none")
        if live == LIVE_NAME:
            named = live_policy(rule=ShortageRule(live_rule or "fair"), aim=second)
        else:
            named = Policy(rule=ShortageRule(rule or "fair"), aim=second)
    except ValueError:
        raise CommandError(
            f"--policy {name!r}: choose live, live-serve, live-equal or live-first-come, or for the bare engine "
            f"{', '.join(ShortageRule)}, with +price, +carbon or +peak as second aim"
        ) from None
    return replace(named, quantise=quantise, efficiency=efficiency)


def _step_ma(step_a: float) -> int:
    step_ma = round(step_a * 1000)
    if step_ma < LEAST_STEP_MA:
        raise CommandError("--step: chargers take no steps below 0.1 A")
    return step_ma


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
        ("carbon", f"{figures.carbon_g / 1000:.3f} kg"),
        ("tick", f"{figures.tick_ms_median:.2f} ms median, {figures.tick_ms_max:.2f} ms at most"),
    )
    width = max(len(label) for label, _ in rows)
    return "\n".join([name, *(f"  {label:<{width}}  {value}" for label, value in rows)])
