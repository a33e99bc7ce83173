"""JSON as the API takes it: nothing that a database, a digest or a deeper reader would stumble over."""

from collections.abc import Mapping
from typing import IO, Any, Final

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

# The deepest that any route asks for is four.
MOST_DEEP: Final = 16
LARGEST: Final = 2**63 - 1


class PlainJSONParser(JSONParser):
    """Refuses with 400 what nests too deeply, text that no database stores, and numbers beyond 64 bits."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            told = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error: it nests too deeply.") from error
        _check(told)
        return told


def _check(told: Any) -> None:
    """Without recursion: the body may be as deep as its sender likes."""
    level: list[Any] = [told]
    for _ in range(MOST_DEEP):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                for name in value:
                    _check_text(name)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str):
                _check_text(value)
            elif isinstance(value, int) and abs(value) > LARGEST:
                raise ParseError("JSON parse error: a number is too large.")
        if not below:
            return
        level = below
    raise ParseError(f"JSON parse error: it nests more than {MOST_DEEP} deep.")


def _check_text(text: str) -> None:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text if letter > "\ud7ff"):
        raise ParseError("JSON parse error: a text holds a character that can't be stored.")
