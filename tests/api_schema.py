"""The API as drf-spectacular describes it, for the tests that walk through all of it."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator


@cache
def describe_api() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    return schema
