import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy, override
from rest_framework import serializers

from evbalancer.common.errors import InvalidInput
from evbalancer.common.words import inputs
from evbalancer.common.words.inputs import Range, Text

CURRENT = Range(6, 32, "From 6 to 32 A.")
WHY = Text(5, "Say why.")


@pytest.mark.parametrize("number", [6, 32])
def test_ends_of_a_range_belong_to_it(number):
    CURRENT.check("current", number)
    assert forms.IntegerField(**CURRENT.options).clean(str(number)) == number
    assert serializers.IntegerField(**CURRENT.options).run_validation(number) == number


@pytest.mark.parametrize("number", [5, 33])
def test_number_out_of_range_is_refused_in_the_same_words_everywhere(number):
    with pytest.raises(InvalidInput) as domain:
        CURRENT.check("current", number)
    with pytest.raises(ValidationError) as form:
        forms.IntegerField(**CURRENT.options).clean(str(number))
    with pytest.raises(serializers.ValidationError) as api:
        serializers.IntegerField(**CURRENT.options).run_validation(number)
    column = []
    for validator in CURRENT.validators:
        try:
            validator(number)
        except ValidationError as error:
            column += error.messages
    said = [domain.value.detail], form.value.messages, api.value.detail, column
    assert said == (["From 6 to 32 A."],) * 4


@pytest.mark.parametrize(
    ("text", "refusal"), [("", "Say why."), ("  ", "Say why."), ("abcdef", "At most 5 characters.")]
)
def test_text_is_refused_in_the_same_words_everywhere(text, refusal):
    with pytest.raises(InvalidInput) as domain:
        WHY.check("why", text)
    with pytest.raises(ValidationError) as form:
        forms.CharField(**WHY.options).clean(text)
    with pytest.raises(serializers.ValidationError) as api:
        serializers.CharField(**WHY.options).run_validation(text)
    assert ([domain.value.detail], form.value.messages, api.value.detail) == ([refusal],) * 3


def test_text_comes_without_blanks_around_it():
    assert WHY.check("why", " abcde ") == "abcde"


def test_refusals_can_be_formatted_by_both_frameworks():
    rules = [rule for rule in vars(inputs).values() if isinstance(rule, Range | Text)]
    said = {sentence for rule in rules for sentence in rule.options["error_messages"].values()}
    assert rules
    assert [sentence for sentence in said if set(sentence) & set("%{}")] == []


def test_refusal_is_in_the_language_of_each_reader():
    rule = Range(6, 80, gettext_lazy("From 6 to 80 A."))
    said = []
    for language in ("de", "en"):
        with override(language):
            for field in (
                forms.IntegerField(**rule.options).clean,
                serializers.IntegerField(**rule.options).run_validation,
            ):
                with pytest.raises((ValidationError, serializers.ValidationError)) as refused:
                    field(5)
                said.append(str(next(iter(getattr(refused.value, "messages", None) or refused.value.detail))))
    assert said == ["Von 6 bis 80 A."] * 2 + ["From 6 to 80 A."] * 2
