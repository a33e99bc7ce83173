"""The commands that a person may send, in words that need no knowledge of OCPP, and the menus they are in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from chargers.admin.commands import command_forms_charging as charging
from chargers.admin.commands import command_forms_device as device
from chargers.admin.commands import command_forms_upkeep as upkeep
from chargers.admin.commands.command_form import CommandForm
from chargers.enums import CommandKind as Kind


@dataclass(frozen=True)
class Sendable:
    title: str
    icon: str
    form: type[CommandForm]
    intro: str = ""
    dangerous: bool = False


class Menu(NamedTuple):
    title: str
    icon: str
    items: Mapping[Kind, Sendable]


CHARGING = {
    Kind.REMOTE_START: Sendable("Start charging", "play_arrow", charging.StartForm),
    Kind.REMOTE_STOP: Sendable("Stop charging", "stop", charging.SessionForm, dangerous=True),
    Kind.UNLOCK: Sendable(
        "Unlock the cable", "lock_open", charging.UnlockForm, "A running session ends first."
    ),
    Kind.CHANGE_AVAILABILITY: Sendable(
        "In or out of service", "power_settings_new", charging.AvailabilityForm
    ),
    Kind.RESERVE: Sendable("Reserve it", "event_available", charging.ReserveForm),
    Kind.CANCEL_RESERVATION: Sendable("Cancel a reservation", "event_busy", charging.CancelReservationForm),
    Kind.READ_LIMIT: Sendable("Read its limit back", "speed", charging.ReadLimitForm),
    Kind.READ_PROFILES: Sendable("List its charging profiles", "stacks", charging.ProfilesForm),
    Kind.CLEAR_LIMITS: Sendable(
        "Clear its charging profiles",
        "layers_clear",
        charging.ProfilesForm,
        "It may draw everything it can until the balancer has written its limits again, which happens at once. "
        "Other cars make room in the meantime.",
        dangerous=True,
    ),
    Kind.SET_STATION_LIMIT: Sendable("Limit the whole charge point", "compress", charging.StationLimitForm),
    Kind.READ_TRANSACTION: Sendable("Ask about a transaction", "contact_support", charging.TransactionForm),
    Kind.TELL_COST: Sendable("Tell the cost so far", "payments", charging.CostForm),
}
UPKEEP = {
    Kind.TRIGGER: Sendable("Ask for a message", "campaign", upkeep.TriggerForm),
    Kind.RESET: Sendable(
        "Restart",
        "restart_alt",
        upkeep.ResetForm,
        "The charge point is offline for a minute or two.",
        dangerous=True,
    ),
    Kind.READ_CONFIGURATION: Sendable("Read its configuration", "list_alt", upkeep.ReadConfigurationForm),
    Kind.CHANGE_CONFIGURATION: Sendable("Change its configuration", "tune", upkeep.ChangeConfigurationForm),
    Kind.UPDATE_FIRMWARE: Sendable(
        "Update its firmware",
        "system_update_alt",
        upkeep.FirmwareForm,
        "It fetches the image itself and restarts once no car charges. Its progress appears in the OCPP log.",
        dangerous=True,
    ),
    Kind.PUBLISH_FIRMWARE: Sendable("Publish firmware to its neighbours", "share", upkeep.PublishForm),
    Kind.UNPUBLISH_FIRMWARE: Sendable("Stop publishing firmware", "cloud_off", upkeep.UnpublishForm),
    Kind.GET_LOG: Sendable(
        "Have a log uploaded",
        "upload_file",
        upkeep.LogForm,
        "It uploads the file itself. Its progress appears in the OCPP log.",
    ),
    Kind.SET_NETWORK: Sendable(
        "Store a network profile",
        "lan",
        upkeep.NetworkForm,
        "It is used once the configuration ranks its slot first. A wrong address cuts it off.",
        dangerous=True,
    ),
    Kind.DATA_TRANSFER: Sendable("Send vendor data", "data_object", upkeep.DataTransferForm),
}
TRUST = {
    Kind.CLEAR_CACHE: Sendable(
        "Clear its cache of cards", "cleaning_services", CommandForm, "It asks us about every card again."
    ),
    Kind.SEND_LOCAL_LIST: Sendable(
        "Send its list of cards",
        "list",
        charging.LocalListForm,
        "With these it also starts when it can't ask us.",
    ),
    Kind.READ_LOCAL_LIST_VERSION: Sendable("Read its list's version", "tag", CommandForm),
    Kind.CHANGE_KEY: Sendable(
        "Give it its next key",
        "key",
        CommandForm,
        "A fresh key is sent over the open connection. Nobody gets to see it, and the old one is valid until the "
        "charge point first signs in with the new one.",
    ),
    Kind.READ_CERTIFICATES: Sendable(
        "List its root certificates", "verified_user", upkeep.ReadCertificatesForm
    ),
    Kind.INSTALL_CERTIFICATE: Sendable(
        "Install a root certificate", "add_moderator", upkeep.InstallCertificateForm
    ),
    Kind.DELETE_CERTIFICATE: Sendable(
        "Delete a root certificate", "remove_moderator", upkeep.DeleteCertificateForm, dangerous=True
    ),
    Kind.SEND_CERTIFICATE: Sendable("Send its signed certificate", "badge", upkeep.SendCertificateForm),
    Kind.CUSTOMER_DATA: Sendable(
        "Report or clear a customer's data",
        "person_search",
        upkeep.CustomerForm,
        "Its report appears in the OCPP log.",
    ),
}
DEVICE = {
    Kind.SHOW_MESSAGE: Sendable("Show a message", "chat", device.ShowMessageForm),
    Kind.READ_MESSAGES: Sendable("List its messages", "forum", device.ReadMessagesForm),
    Kind.CLEAR_MESSAGE: Sendable("Take a message off", "speaker_notes_off", device.ClearMessageForm),
    Kind.READ_INVENTORY: Sendable("Report its device model", "inventory_2", device.InventoryForm),
    Kind.READ_COMPONENTS: Sendable("Report some components", "memory", device.ComponentsForm),
    Kind.MONITOR: Sendable("Monitor a variable", "notification_add", device.MonitorForm),
    Kind.READ_MONITORS: Sendable("List its monitors", "notifications", device.ReadMonitorsForm),
    Kind.CLEAR_MONITORS: Sendable("Remove monitors", "notifications_off", device.ClearMonitorsForm),
    Kind.SET_MONITORING: Sendable("Choose its set of monitors", "rule", device.MonitoringForm),
    Kind.SET_MONITORING_LEVEL: Sendable("Choose which events it reports", "filter_alt", device.SeverityForm),
}
MENUS = (
    Menu("Send a command", "send", CHARGING),
    Menu("Upkeep", "build", UPKEEP),
    Menu("Cards and certificates", "badge", TRUST),
    Menu("Display and device", "monitor", DEVICE),
)
SENDABLE: Mapping[Kind, Sendable] = {kind: one for menu in MENUS for kind, one in menu.items.items()}
