"""Public keys of meters that sign, where the charge point tells them as configuration instead of beside each value.

OCPP 1.6's application note on signed meter values: `MeterPublicKey[n]` holds the key of connector n's meter.
"""

import re
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from chargers.domain.metering.ocmf import NotAKey, read_key
from chargers.domain.orders import commands
from chargers.enums import CommandState, OcppVersion
from chargers.models import ChargerCommand, Connector, SignedMeterValue
from chargers.orders.upkeep import ReadConfiguration
from evbalancer.common.errors import InvalidInput
from grid.domain import audit

BY = "meter keys"
EXPIRES_S = 3_600
MOST_CHARACTERS = 2_500
# Some leave the brackets out, and those with one meter its number.
KEY = re.compile(r"MeterPublicKey(?:\[(\d{1,5})\]|(\d{1,5}))?", re.IGNORECASE)


def ask_key(connector: Connector, *, now: datetime) -> None:
    """Once a day at most: its meter signs, and nobody knows by which key."""
    if connector.charge_point.ocpp_version != OcppVersion.V16:
        return
    commands.queue_command(
        connector.charge_point,
        ReadConfiguration(keys=(f"MeterPublicKey[{connector.number}]",)),
        by=BY,
        now=now,
        expires_s=EXPIRES_S,
        idempotency_key=f"meter-key:{connector.pk.hex}:{now:%Y%m%d}",
    )


def keep_told_keys(command: ChargerCommand, *, now: datetime) -> None:
    """Keep the reported key, whoever asked, and add it to the values that its meters signed since."""
    if command.state != CommandState.ACCEPTED:
        return
    for entry in (command.result or {}).get("configurationKey") or ():
        named, told = KEY.fullmatch(str(entry.get("key", "")).strip()), str(entry.get("value") or "").strip()
        if named is None or not 0 < len(told) <= MOST_CHARACTERS:
            continue
        rows = command.charge_point.connectors.filter(retired_at=None)
        number = named[1] or named[2]
        rows = rows.filter(number=int(number)) if number else rows
        rows.update(meter_public_key=told)
        # Earlier values may be signed by the meter before this one.
        SignedMeterValue.objects.filter(
            session__connector__in=rows, public_key="", received_at__gte=command.queued_at
        ).update(public_key=told)


@transaction.atomic
def register_key(connector: Connector, key: str, *, actor: audit.Actor, now: datetime) -> None:
    """Trust this key of the connector's meter, as it is printed on the meter; an empty one trusts none. Raises InvalidInput."""
    told = "".join(key.split()) if not key.strip().startswith("-----") else key.strip()
    check_key(told)
    before = connector.registered_meter_key
    if before == told:
        return
    Connector.objects.filter(pk=connector.pk).update(registered_meter_key=told)
    connector.registered_meter_key = told
    audit.record_entry(
        actor=actor,
        action="connector.meter_key_registered",
        target=connector,
        now=now,
        before={"registered_meter_key": before},
        after={"registered_meter_key": told},
    )


def check_key(key: str) -> None:
    """Raise InvalidInput where it is neither empty nor a key."""
    if not key:
        return
    try:
        read_key(key)
    except NotAKey as error:
        raise InvalidInput(
            "registered_meter_key",
            gettext("This is no public key of a meter: enter it as hex or base64 of DER, or as PEM."),
        ) from error
