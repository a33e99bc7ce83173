"""What a charge point can be asked to do: one frozen dataclass a kind, in words of no OCPP version.

The JSON schema of a command's arguments, docs/commands.md and the fields of the forms in the back office are derived from these.
A new order: its dataclass here, its writer in each version of OCPP that has it, its line in a menu.
"""

from collections.abc import Mapping
from typing import Any

from chargers.enums import CommandKind
from chargers.orders import charging, device, trust, upkeep
from chargers.orders.base import Order, Unreadable
from chargers.orders.shape import Flaw, read_fields

# In the order in which they are documented.
ORDERS: Mapping[CommandKind, type[Order]] = {
    order.kind: order
    for order in (
        charging.RemoteStart,
        charging.RemoteStop,
        charging.Unlock,
        charging.ChangeAvailability,
        charging.Reserve,
        charging.CancelReservation,
        charging.SetLimit,
        charging.SetFallback,
        charging.ReadLimit,
        charging.ReadProfiles,
        charging.ClearLimits,
        charging.SetStationLimit,
        charging.ReadTransaction,
        charging.TellCost,
        upkeep.Trigger,
        upkeep.Reset,
        upkeep.ReadConfiguration,
        upkeep.ChangeConfiguration,
        upkeep.UpdateFirmware,
        upkeep.PublishFirmware,
        upkeep.UnpublishFirmware,
        upkeep.GetLog,
        upkeep.SetNetwork,
        upkeep.DataTransfer,
        upkeep.Call,
        trust.ClearCache,
        trust.SendLocalList,
        trust.ReadLocalListVersion,
        trust.ChangeKey,
        trust.ReadCertificates,
        trust.InstallCertificate,
        trust.DeleteCertificate,
        trust.SendCertificate,
        trust.CustomerData,
        device.ShowMessage,
        device.ReadMessages,
        device.ClearMessage,
        device.ReadInventory,
        device.ReadComponents,
        device.Monitor,
        device.ReadMonitors,
        device.ClearMonitors,
        device.SetMonitoring,
        device.SetMonitoringLevel,
    )
}


def read_order(kind: CommandKind, arguments: Mapping[str, Any]) -> Order | Unreadable:
    """The order that a command's row stands for. Rows were checked when they were queued, maybe by another release."""
    try:
        return ORDERS[kind](**read_fields(ORDERS[kind], arguments))
    except Flaw as flaw:
        return Unreadable(kind, str(flaw))
