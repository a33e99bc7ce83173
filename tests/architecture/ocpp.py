"""Writes docs/ocpp.md from the handlers and writers of each version: python -m tests.architecture.ocpp"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import django

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ocpp.md"
HEAD = """# OCPP, message by message

Which messages of OCPP 1.6, 2.0.1 and 2.1 the server takes and sends. `python -m tests.architecture.ocpp` writes this page. What it reads of messages
that bend the specification is in [tolerance](ocpp-tolerance.md), the arguments of commands in [commands](commands.md).

A call that is no call of the version is answered NotImplemented, one that only a central system makes NotSupported. A payload is refused by what is wrong
with it (ProtocolError where something is missing, TypeConstraintViolation, PropertyConstraintViolation, and Occurence- or OccurrenceConstraintViolation as the version spells
it), and a frame that is no call with FormationViolation in 1.6 and RpcFrameworkError since 2.0.1. In 2.1, a result of a charge point that can't be read is answered
with CALLRESULTERROR, and SEND is logged.
"""
FROM = """
## From a charge point

*read*: stored, and used. *answered*: with what the specification asks for; the OCPP log is all that keeps it. *declined*: answered with a no.

| message | 1.6 | 2.0.1 | 2.1 | what for, or why |
|---|---|---|---|---|
"""
TO = """
## To a charge point

By the command of that name. *call*: by the command `call`, in the version's own words. *declined*: never sent.

| message | 1.6 | 2.0.1 | 2.1 | why |
|---|---|---|---|---|
"""
READ, ANSWERED, DECLINED, CALL = "read", "answered", "declined", "call"
NO = ("Failed", "Rejected", "UnknownVendorId")


def render() -> str:
    return HEAD + FROM + "".join(_rows_from()) + TO + "".join(_rows_to())


def _versions() -> list[Any]:
    from chargers.ocpp.v16 import V16
    from chargers.ocpp.v21 import V21
    from chargers.ocpp.v201 import V201

    return [V16, V201, V21]


def _rows_from() -> Iterator[str]:
    from chargers.ocpp.protocol import USES

    versions = _versions()
    for action in sorted({name for version in versions for name in version.handlers}):
        cells = [
            _taken(version.handlers[action]) if action in version.handlers else "" for version in versions
        ]
        yield _row(action, cells, USES[action])


def _taken(handler: Any) -> str:
    if handler.read.__name__ != "_nothing":
        return READ
    says = handler.echo or handler.answer
    return DECLINED if any(word in NO for word in _words(says.__code__)) else ANSWERED


def _words(code: Any) -> Iterator[str]:
    """The texts in a function: the answers of those that store nothing are written down in them."""
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif hasattr(constant, "co_consts"):
            yield from _words(constant)


def _rows_to() -> Iterator[str]:
    from chargers.ocpp.shared_orders import RESERVED, asked_in

    versions = _versions()
    asked = [asked_in(version.package, version.handlers) for version in versions]
    ordered = [_ordered(version) for version in versions]
    for action in sorted(frozenset().union(*asked)):
        cells = [
            _sent(action, kinds) if action in those else ""
            for those, kinds in zip(asked, ordered, strict=True)
        ]
        yield _row(action, cells, RESERVED.get(action, "") if DECLINED in cells else "")


def _sent(action: str, kinds: Mapping[str, str]) -> str:
    from chargers.ocpp.shared_orders import RESERVED

    return kinds.get(action) or (DECLINED if action in RESERVED else CALL)


def _ordered(version: Any) -> dict[str, str]:
    """The command of each message; the balancer's own have no name that a person may use."""
    from chargers.domain.operations import BALANCERS_OWN
    from chargers.ocpp.v16.outbound import WRITERS as IN_16
    from chargers.ocpp.v21.outbound import WRITERS as IN_21
    from chargers.ocpp.v201.outbound import WRITERS as IN_201

    writers = {"v16": IN_16, "v201": IN_201, "v21": IN_21}[version.package]
    found: dict[str, list[str]] = {}
    for kind, writer in writers.items():
        for action in writer.actions:
            found.setdefault(action, []).append(
                "the balancer" if kind in BALANCERS_OWN else f"`{kind.value}`"
            )
    return {action: ", ".join(sorted(set(names))) for action, names in found.items()}


def _row(action: str, cells: list[str], note: str) -> str:
    return f"| {action} | {' | '.join(cells)} | {note} |\n".replace("|  ", "| ")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings_test")
    django.setup()
    PAGE.write_text(render())
