from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from evbalancer.common.words.catalogues import COMPLETE, find_gaps
from evbalancer.common.words.languages import ENOUGH_PCT, translated_pct
from evbalancer.common.words.shown import find_unlisted


class Command(BaseCommand):
    help = "List what a language lacks: see docs/translating.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "language", nargs="*", help="folder below templates/locale; all of them if none is named"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        locale = settings.LOCALE_PATHS[0]
        known = sorted(path.name for path in locale.iterdir() if path.is_dir())
        incomplete = []
        for language in options["language"] or known:
            if language not in known:
                raise CommandError(f"There is no folder {language} below {locale.name}.")
            gaps = find_gaps(locale, language)
            if language == COMPLETE:
                gaps += find_unlisted(Path(settings.BASE_DIR), locale)
            for gap in gaps:
                self.stdout.write(f"{language}: {gap}")
            self.stdout.write(f"{language}: {f'{len(gaps)} gaps' if gaps else 'complete'}")
            compiled_pct = translated_pct(locale, language)
            self.stdout.write(
                f"{language}: compiled to {compiled_pct} % of the German messages; offered from {ENOUGH_PCT} % on"
            )
            incomplete += [language] if gaps else []
        if incomplete:
            raise CommandError(f"Not complete: {', '.join(incomplete)}.")
