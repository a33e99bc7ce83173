"""Sayings as the API gives them: the sentence in the reader's language, and beside it code and facts for programs."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell


class SaidSerializer(serializers.Serializer[Any]):
    """Code and facts. Codes are stable; `words` is a person's own text."""

    code = serializers.CharField()
    facts = serializers.DictField()

    def to_representation(self, instance: Said) -> dict[str, Any]:
        return instance.stored


@extend_schema_field(serializers.ListField(child=serializers.CharField()))
class SentencesField(serializers.Field[Any, Any, Any, Any]):
    """Several sayings as sentences."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def to_representation(self, value: Any) -> list[str]:
        return [tell(said) for said in value]
