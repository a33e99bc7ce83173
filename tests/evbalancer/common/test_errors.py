"""A refusal is told in the language of its reader, whatever language was active when it was raised."""

import pytest
from django.utils.translation import override

from evbalancer.common.errors import DomainError, InvalidInput, StateMoved
from evbalancer.common.web.api import problem_of
from evbalancer.common.words.said import Said

WHY = Said("suspension.begun", {"until_moment": "2026-11-03T07:00:00+01:00"})


def test_refusal_is_told_in_the_language_of_whoever_reads_it():
    with override("de"):
        refused = StateMoved(WHY, state="queued")
    assert refused.detail == str(refused) == "You are suspended until 3 Nov 2026, 07:00."
    with override("de"):
        assert refused.detail == "Sie sind bis 03.11.2026 07:00 gesperrt."
    assert refused.facts == {"state": "queued"}


def test_refused_input_names_its_field_in_that_language_too():
    refused = InvalidInput("until", WHY, code="suspended")
    with override("de"):
        assert refused.facts == {"errors": {"until": ["Sie sind bis 03.11.2026 07:00 gesperrt."]}}
    assert (refused.field, refused.code) == ("until", "suspended")


@pytest.mark.parametrize("refused", [DomainError("Not here."), InvalidInput("a", "Not here.")])
def test_text_for_programs_stays_as_it_is_and_has_no_code(refused):
    with override("de"):
        told = problem_of(refused)
    assert (told["detail"], "detail_said" in told) == ("Not here.", False)


def test_problem_has_the_code_of_its_detail_beside_its_own():
    told = problem_of(StateMoved(WHY, state="queued"))
    assert (told["code"], told["status"], told["state"]) == ("state_moved", 409, "queued")
    assert told["detail_said"] == WHY.stored
