from typing import Any

from rest_framework import serializers

from evbalancer.common.words.languages import language_choices


class LanguageField(serializers.ChoiceField):
    """A language that this server offers."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=language_choices(), **kwargs)
