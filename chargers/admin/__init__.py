from chargers.admin import (
    access,
    charge_point,
    connector,
    device_model,
    group,
    local_list,
    log,
    make,
    pending,
    refused_card,
    security,
    session,
)

__all__ = [
    "access",
    "charge_point",
    "connector",
    "device_model",
    "group",
    "local_list",
    "log",
    "make",
    "pending",
    "refused_card",
    "security",
    "session",
]
