"""Whom an OpenADR 3 event is for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VEN = ("VEN_NAME", "VEN", "VEN_ID")
GROUP = ("GROUP", "GROUP_NAME")
RESOURCE = ("RESOURCE_NAME", "RESOURCE")


@dataclass(frozen=True, slots=True)
class OwnNames:
    """By what a node may call this client, in any case of letters."""

    ven: frozenset[str]
    groups: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()


def names_in(text: str) -> frozenset[str]:
    """Names between commas."""
    return frozenset(name.strip().casefold() for name in text.split(",") if name.strip())


def is_for(event: Mapping[str, Any], own: OwnNames) -> bool:
    """Whether one of the event's targets is ours, or none of them says whose it is.

    3.0 targets are maps of a type and values, 3.1 targets are words that the node grants to clients. A target of a type that a
    client can't judge, for example a service area, keeps nobody from following: a limit that is missed harms more than
    one too many.
    """
    targets = event.get("targets")
    if not isinstance(targets, list):
        return True
    judged = [_is_ours(target, own) for target in targets]
    return True in judged or False not in judged


def _is_ours(target: Any, own: OwnNames) -> bool | None:
    """None: it does not say."""
    if isinstance(target, str):
        return target.casefold() in own.ven | own.groups | own.resources
    if not isinstance(target, Mapping):
        return None
    kind, values = str(target.get("type", "")).upper(), target.get("values")
    for kinds, names in ((VEN, own.ven), (GROUP, own.groups), (RESOURCE, own.resources)):
        if kind in kinds:
            return isinstance(values, list) and any(str(value).casefold() in names for value in values)
    return None
