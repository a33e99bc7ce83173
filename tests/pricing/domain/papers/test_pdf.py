"""The paper itself. What people wrote is data: nothing of it is ever run, however it looks."""

import json

import pytest
import typst

from pricing.domain.papers.pdf import TEMPLATE, print_statement
from pricing.domain.papers.wording import paper_of
from tests.asserts.statements import a_document

HOSTILE = [
    '#panic("owned")',
    '"); #panic("owned") //',
    '#read("/etc/passwd")',
    "$ sum_x $ *bold* _it_ `code` <label> @ref // comment /* more",
    "\\u{0} \\ #{ } [ ] ]]] }}}",
    "= Heading\n\n#pagebreak()",
    "אבג مرحبا \u202e reversed",
    "😀👨‍👩‍👧‍👦🇩🇪",
    "x" * 4_000,
    "\ud7ff\u0300\u0300\ufdd0",
    "",
]


def headings_of(document):
    """What the typesetter takes for headings: the template has none."""
    inputs = {"doc": json.dumps(paper_of(document))}
    return json.loads(typst.query(str(TEMPLATE), "heading", sys_inputs=inputs, ignore_system_fonts=True))


@pytest.mark.parametrize("name", HOSTILE)
def test_name_is_text_and_never_code(name):
    document = a_document(recipient={"name": name, "unit": name, "address": name}, reason=name)
    document["lines"][0] |= {"car": name, "place": name, "driver": name}
    document["issuer"] |= {"name": name, "address": name, "note": name}
    assert print_statement(document)[:5] == b"%PDF-"
    # No markup became an element of its own.
    assert headings_of(document) == []


def test_same_document_gives_the_same_bytes():
    assert print_statement(a_document()) == print_statement(a_document())


def test_statement_of_two_thousand_lines_is_printed():
    document = a_document()
    document["lines"] *= 2_000
    assert print_statement(document)[:5] == b"%PDF-"
