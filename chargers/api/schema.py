"""How the OpenAPI schema describes a command: one shape for each kind, with the arguments of its order."""

from typing import Any

from chargers.domain.operations import BY_HAND
from chargers.enums import CommandKind
from chargers.orders import ORDERS
from chargers.orders.shape import schema_of

BODY = "OrderRequest"


def describe_orders(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A drf-spectacular postprocessing hook. It comes after that of the enums, which would name each kind's single value."""
    schemas: dict[str, Any] = result.get("components", {}).get("schemas", {})
    if BODY not in schemas:
        return result
    shared = schemas[BODY]
    references = {}
    for kind in BY_HAND:
        name = f"{ORDERS[kind].__name__}Request"
        schemas[name] = _body(shared, kind)
        references[kind.value] = f"#/components/schemas/{name}"
    schemas[BODY] = {
        "description": shared["description"],
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "kind", "mapping": references},
    }
    return result


def _body(shared: dict[str, Any], kind: CommandKind) -> dict[str, Any]:
    order = ORDERS[kind]
    arguments = _in_openapi(schema_of(order, by_person=True))
    properties = {
        **shared["properties"],
        "kind": {"type": "string", "enum": [kind.value]},
        "arguments": arguments,
    }
    required = ["kind"]
    if order.needs_connector:
        properties["connector"] = {**properties["connector"], "nullable": False}
        required.append("connector")
    if arguments.get("required"):
        required.append("arguments")
    return {"type": "object", "description": kind.label, "properties": properties, "required": required}


def _in_openapi(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0 has a word of its own for what may be null, and none for media types in texts."""
    found = {name: value for name, value in schema.items() if name != "contentMediaType"}
    if isinstance(found.get("type"), list):
        found |= {"type": next(one for one in found["type"] if one != "null"), "nullable": True}
    if "enum" in found:
        found["type"] = "string"
    if "items" in found:
        found["items"] = _in_openapi(found["items"])
    if "properties" in found:
        found["properties"] = {name: _in_openapi(one) for name, one in found["properties"].items()}
    if not found.get("required", True):
        # An empty list is not allowed.
        del found["required"]
    return found
