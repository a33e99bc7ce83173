"""Look at the whole install, and say what is wrong and what to do about it."""

import sys
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson
from django.core.management.base import BaseCommand

from evbalancer.ops.doctor.findings import Grade, worst_of
from evbalancer.ops.doctor.rounds import examine

EXIT_CODES = {Grade.FINE: 0, Grade.WARNING: 1, Grade.ERROR: 2}
MARKS = {Grade.FINE: "ok     ", Grade.WARNING: "WARNING", Grade.ERROR: "ERROR  "}


class Command(BaseCommand):
    help = "Look at settings, database, clocks, certificates, sessions, mail, disk and growth. Exit code 0: fine, 1: warnings, 2: errors."
    # It says itself what they find.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = examine(now=datetime.now(UTC))
        worst = worst_of(findings)
        if options["json"]:
            told = {"grade": worst, "findings": [asdict(finding) for finding in findings]}
            self.stdout.write(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        else:
            for finding in findings:
                self.stdout.write(f"{MARKS[finding.grade]} {finding.part}: {finding.said}")
                if finding.step:
                    self.stdout.write(f"        {finding.step}")
        if worst is not Grade.FINE:
            sys.exit(EXIT_CODES[worst])
