"""Additions to the OpenAPI schema of the viewsets: every refusal is a problem details object."""

from typing import Any

PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457). `code` is stable and for programs, `detail` is for people.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string", "description": "In the language of `Accept-Language`."},
        "detail_said": {
            "type": "object",
            "description": "The detail's own stable code, and its facts, where it has one.",
            "properties": {
                "code": {"type": "string"},
                "facts": {"type": "object", "additionalProperties": {}},
            },
        },
        "errors": {
            "type": "object",
            "additionalProperties": {},
            "description": "By field, when input is refused.",
        },
        "offer": {
            "type": "object",
            "nullable": True,
            "description": "The nearest that fits, when a slot is refused.",
        },
    },
    "required": ["type", "title", "status", "code", "detail"],
}
KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "maxLength": 80},
    "description": "A repeated request with the same key and body gets the first answer; with another body 409.",
}
ONCE = ("/drivers/slot/request", "/drivers/emergency/request", "/grid/limits")


def close_bodies(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A drf-spectacular postprocessing hook: a body with unknown fields is refused, so the schema says so."""
    schemas: dict[str, Any] = result.get("components", {}).get("schemas", {})
    open_ones = [
        _referred(content["schema"])
        for methods in result["paths"].values()
        for operation in methods.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    ]
    left = {name for names in open_ones for name in names}
    closed: set[str] = set()
    while left:
        name = left.pop()
        closed.add(name)
        schema = schemas[name]
        if schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
        left |= _referred(schema) - closed
    return result


def _referred(node: Any) -> set[str]:
    """Names of the schemas that a schema refers to, at any depth."""
    if isinstance(node, list):
        return {name for each in node for name in _referred(each)}
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"].rsplit("/", 1)[-1]} if isinstance(node.get("$ref"), str) else set()
    return own | {name for each in node.values() for name in _referred(each)}


def describe_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A drf-spectacular postprocessing hook."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            operation["responses"]["4XX"] = {
                "description": "Refused; nothing was changed.",
                "content": content,
            }
            if method == "post" and (path in ONCE or path.endswith(("/start", "/stop"))):
                operation.setdefault("parameters", []).append(KEY)
    return result
