"""The device model of a charge point, put together from what it tells in pieces."""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Lower

from chargers.models import DeviceVariable
from chargers.models.device_variable import ACTUAL
from chargers.reports.base import Source
from chargers.reports.news import VariableTold
from evbalancer.common.units import INT32_MAX

logger = logging.getLogger(__name__)

# The largest stations have some 2,000; more is a fault, and must not fill the table.
MOST_VARIABLES = 10_000
KEY = (
    "component",
    "component_instance",
    "evse_number",
    "connector_number",
    "variable",
    "variable_instance",
    "attribute",
)
# Shown only if known.
FACTS = ("value", "mutability", "data_type", "unit")
Key = tuple[str | int, ...]


def store_variables(source: Source, told: Sequence[VariableTold], *, now: datetime) -> None:
    """Keep the newest word on each attribute. Names are compared without case, as OCPP does.

    One of an EVSE or a connector whose number no column holds is left out: it must not cost the others of its report.
    """
    told = [one for one in told if max(one.evse_number, one.connector_number) <= INT32_MAX]
    names = {one.component for one in told}
    mine = DeviceVariable.objects.filter(charge_point_id=source.charge_point_id)
    # As it was reported too: beyond ASCII the database's small letters are not Python's, and no name may be stored twice.
    is_named = Q(component__in=names) | Q(caseless__in={name.casefold() for name in names})
    rows = mine.annotate(caseless=Lower("component")).filter(is_named)
    known = {_key(row): row for row in rows}
    room = MOST_VARIABLES - mine.count()
    new: dict[Key, DeviceVariable] = {}
    changed: dict[Key, DeviceVariable] = {}
    for one in told:
        key = _key(one)
        row = known.get(key) or new.get(key)
        if row is not None:
            changed[key] = row
        elif len(new) < room:
            row = new[key] = DeviceVariable(
                community_id=source.community_id,
                charge_point_id=source.charge_point_id,
                **{name: getattr(one, name) for name in KEY},
            )
        else:
            logger.warning("Charge point %s tells more variables than are kept", source.charge_point_id)
            break
        _note(row, one, now=now)
    DeviceVariable.objects.bulk_create(new.values(), batch_size=200)
    DeviceVariable.objects.bulk_update(
        [row for key, row in changed.items() if key not in new], [*FACTS, "told_at"], batch_size=200
    )


def read_value(
    charge_point_id: UUID,
    *,
    component: str,
    variable: str,
    component_instance: str = "",
    variable_instance: str = "",
) -> str | None:
    """The last reported value of a variable of the whole charge point; None without a report."""
    return (
        DeviceVariable.objects.filter(
            charge_point_id=charge_point_id,
            component__iexact=component,
            component_instance__iexact=component_instance,
            variable__iexact=variable,
            variable_instance__iexact=variable_instance,
            evse_number=0,
            attribute=ACTUAL,
        )
        .values_list("value", flat=True)
        .first()
    )


def _note(row: DeviceVariable, one: VariableTold, *, now: datetime) -> None:
    for name in FACTS:
        if (fact := getattr(one, name)) is not None:
            setattr(row, name, fact)
    row.told_at = now


def _key(one: VariableTold | DeviceVariable) -> Key:
    values = (getattr(one, name) for name in KEY)
    return tuple(value.casefold() if isinstance(value, str) else value for value in values)
