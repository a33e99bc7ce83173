from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chargers.simulator.plant.spec import VERSIONS
from chargers.simulator.play.household import comings_and_goings
from chargers.simulator.play.runner import read_keys, run_site, specs_of
from chargers.simulator.play.scenario import ScenarioError, load_scenario
from chargers.simulator.play.site import Site


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


class Command(BaseCommand):
    help = "Connect simulated charge points to an OCPP endpoint and let cars come and go."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", required=True, help="endpoint without the identity: ws://host:port/ocpp")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--scenario", type=Path, help="JSON file: charge points, cars, faults")
        what.add_argument("--count", type=int, help="so many charge points with comings and goings by --seed")
        parser.add_argument("--keys", type=Path, help="JSON object or lines of charge point id and key")
        parser.add_argument(
            "--tags", type=Path, help="with --count: charge point id and its driver's tag, likewise"
        )
        parser.add_argument("--ocpp", choices=sorted(VERSIONS), default="1.6", help="version with --count")
        parser.add_argument(
            "--speed", type=_positive, help="batteries fill this much faster; currents stay real"
        )
        parser.add_argument("--duration", type=_positive, help="seconds to run; default: until interrupted")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--every", type=_positive, default=5.0, help="seconds between two lines of totals"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            site, visits, plans = self._prepare(options)
        except ScenarioError as error:
            raise CommandError(str(error)) from error
        asyncio.run(
            run_site(
                site,
                visits=visits,
                plans=plans,
                duration_s=options["duration"],
                every_s=options["every"],
                tell=self._tell,
            )
        )

    def _prepare(self, options: dict[str, Any]) -> tuple[Site, Any, Any]:
        keys = read_keys(options["keys"]) if options["keys"] else {}
        if options["scenario"]:
            scenario = load_scenario(options["scenario"]).with_keys(keys)
            site = scenario.site(options["url"], speed=options["speed"], keep_samples=0)
            return site, scenario.cars, scenario.faults
        if options["count"] < 1:
            raise CommandError("--count must be at least 1")
        specs = specs_of(options["count"], keys, version=options["ocpp"])
        site = Site(options["url"], speed=options["speed"] or 1.0, seed=options["seed"], keep_samples=0)
        for spec in specs:
            site.add(spec)
        tags = read_keys(options["tags"]) if options["tags"] else {}
        return site, comings_and_goings(specs, seed=options["seed"], id_tags=tags), ()

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
