"""The table of commands in docs/commands.md: `python -m tests.architecture.commands` writes it from the orders and writers."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
BEGIN, END = "<!-- rows: python -m tests.architecture.commands -->", "<!-- end of rows -->"


def render(page: str) -> str:
    """The page with its table written from the orders."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + "\n".join([BEGIN, "", *_lines(), "", END]) + after


def _lines() -> Iterator[str]:
    from chargers.domain.operations import BALANCERS_OWN
    from chargers.ocpp.v16.outbound import WRITERS as IN_16
    from chargers.ocpp.v201.outbound import WRITERS as IN_201
    from chargers.orders import ORDERS

    yield "| kind | arguments (**required**) | OCPP 1.6 | OCPP 2.0.1 and 2.1 |"
    yield "|---|---|---|---|"
    for kind, order in ORDERS.items():
        if kind not in BALANCERS_OWN:
            calls = (
                ", ".join(writers[kind].actions) if kind in writers else "" for writers in (IN_16, IN_201)
            )
            yield f"| `{kind.value}` | {_arguments(order)} | {' | '.join(calls)} |".replace("|  |", "| |")


def _arguments(order: Any) -> str:
    from chargers.orders.shape import arguments_of

    told = ", ".join(_argument(one) for one in arguments_of(order) if one.is_documented)
    if not told:
        return f"none: {order.note}" if order.note else "none"
    return f"{told}; {order.note}" if order.note else told


def _argument(argument: Any) -> str:
    name = f"**`{argument.stored}`**" if argument.is_required else f"`{argument.stored}`"
    values = _values(argument)
    return f"{name} ({values})" if values else name


def _values(argument: Any) -> str:
    if argument.choices is not None:
        *others, last = argument.choices.values
        return f"{', '.join(others)} or {last}"
    schema = argument.schema
    if schema.get("type") == "integer" and schema.get("maximum", 1_000) < 1_000:
        return f"{schema['minimum']} to {schema['maximum']}"
    return ", ".join(f"`{name}`" for name in schema.get("items", {}).get("properties", ()))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings_test")
    django.setup()
    PAGE.write_text(render(PAGE.read_text()))
