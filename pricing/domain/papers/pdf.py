"""Statements as PDF. Everything that people wrote is handed over as data of JSON, and typeset as text: none of it is code."""

import calendar
import json
import threading
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import typst
from django.conf import settings

from pricing.domain.papers.wording import paper_of

TEMPLATE: Final = Path(settings.BASE_DIR) / "templates/pricing/statement.typ"
# A compiler serves one thread, and keeps its fonts and the parsed template.
_own = threading.local()


def print_statement(document: Mapping[str, Any], *, language: str = "") -> bytes:
    """The same document gives the same bytes: its date is that of the statement."""
    compiler = getattr(_own, "compiler", None)
    if compiler is None:
        # Only the fonts that the package brings: paper looks alike on every machine.
        compiler = _own.compiler = typst.Compiler(str(TEMPLATE), ignore_system_fonts=True)
    day = date.fromisoformat(document["issued_on"] or f"{document['month']}-01")
    told: Any = compiler.compile(
        format="pdf",
        sys_inputs={"doc": json.dumps(paper_of(document, language=language))},
        timestamp=calendar.timegm(day.timetuple()),
    )
    return bytes(told)
