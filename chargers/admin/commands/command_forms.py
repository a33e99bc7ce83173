"""The commands that a person may send, in words that need no knowledge of OCPP, and the menus they are in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from chargers.admin.commands import special_forms as forms
from chargers.admin.commands.command_form import CommandForm
from chargers.enums import CommandKind as Kind


@dataclass(frozen=True)
class Sendable:
    title: str
    icon: str
    form: type[CommandForm] = CommandForm
    intro: str = ""
    dangerous: bool = False


class Menu(NamedTuple):
    title: str
    icon: str
    items: Mapping[Kind, Sendable]


CHARGING = {
    Kind.REMOTE_START: Sendable("Start charging", "play_arrow", forms.ConnectorForm),
    Kind.REMOTE_STOP: Sendable("Stop charging", "stop", forms.SessionForm, dangerous=True),
    Kind.UNLOCK: Sendable(
        "Unlock the cable", "lock_open", forms.ConnectorForm, "A running session ends first."
    ),
    Kind.CHANGE_AVAILABILITY: Sendable(
        "In or out of service", "power_settings_new", forms.MaybeConnectorForm
    ),
    Kind.RESERVE: Sendable("Reserve it", "event_available", forms.ReserveForm),
    Kind.CANCEL_RESERVATION: Sendable("Cancel a reservation", "event_busy", forms.CancelReservationForm),
    Kind.READ_LIMIT: Sendable("Read its limit back", "speed", forms.ConnectorForm),
    Kind.READ_PROFILES: Sendable("List its charging profiles", "stacks", forms.ProfilesForm),
    Kind.CLEAR_LIMITS: Sendable(
        "Clear its charging profiles",
        "layers_clear",
        forms.ProfilesForm,
        "It may draw everything it can until the balancer has written its limits again, which happens at once. "
        "Other cars make room in the meantime.",
        dangerous=True,
    ),
    Kind.SET_STATION_LIMIT: Sendable("Limit the whole charge point", "compress"),
    Kind.READ_TRANSACTION: Sendable("Ask about a transaction", "contact_support", forms.TransactionForm),
    Kind.TELL_COST: Sendable("Tell the cost so far", "payments", forms.SessionForm),
}
UPKEEP = {
    Kind.TRIGGER: Sendable("Ask for a message", "campaign", forms.TriggerForm),
    Kind.RESET: Sendable(
        "Restart",
        "restart_alt",
        intro="The charge point is offline for a minute or two.",
        dangerous=True,
    ),
    Kind.READ_CONFIGURATION: Sendable("Read its configuration", "list_alt"),
    Kind.CHANGE_CONFIGURATION: Sendable("Change its configuration", "tune"),
    Kind.UPDATE_FIRMWARE: Sendable(
        "Update its firmware",
        "system_update_alt",
        forms.FirmwareForm,
        "It fetches the image itself and restarts once no car charges. Its progress appears in the OCPP log.",
        dangerous=True,
    ),
    Kind.PUBLISH_FIRMWARE: Sendable("Publish firmware to its neighbours", "share"),
    Kind.UNPUBLISH_FIRMWARE: Sendable("Stop publishing firmware", "cloud_off"),
    Kind.GET_LOG: Sendable(
        "Have a log uploaded",
        "upload_file",
        intro="It uploads the file itself. Its progress appears in the OCPP log.",
    ),
    Kind.SET_NETWORK: Sendable(
        "Store a network profile",
        "lan",
        intro="It is used once the configuration ranks its slot first. A wrong address cuts it off.",
        dangerous=True,
    ),
    Kind.DATA_TRANSFER: Sendable("Send vendor data", "data_object"),
    Kind.CALL: Sendable(
        "Send any other call",
        "terminal",
        intro="For what has no form of its own. The answer appears under Commands, as the charge point words it.",
        dangerous=True,
    ),
}
TRUST = {
    Kind.CLEAR_CACHE: Sendable(
        "Clear its cache of cards", "cleaning_services", intro="It asks us about every card again."
    ),
    Kind.SEND_LOCAL_LIST: Sendable(
        "Send its list of cards",
        "list",
        forms.LocalListForm,
        "With these it also starts when it can't ask us.",
    ),
    Kind.READ_LOCAL_LIST_VERSION: Sendable("Read its list's version", "tag"),
    Kind.CHANGE_KEY: Sendable(
        "Give it its next key",
        "key",
        intro="A fresh key is sent over the open connection. Nobody gets to see it, and the old one is valid until the "
        "charge point first signs in with the new one.",
    ),
    Kind.READ_CERTIFICATES: Sendable("List its root certificates", "verified_user"),
    Kind.INSTALL_CERTIFICATE: Sendable("Install a root certificate", "add_moderator"),
    Kind.DELETE_CERTIFICATE: Sendable("Delete a root certificate", "remove_moderator", dangerous=True),
    Kind.SEND_CERTIFICATE: Sendable("Send its signed certificate", "badge"),
    Kind.CUSTOMER_DATA: Sendable(
        "Report or clear a customer's data",
        "person_search",
        intro="Its report appears in the OCPP log.",
    ),
}
DEVICE = {
    Kind.SHOW_MESSAGE: Sendable("Show a message", "chat", forms.ShowMessageForm),
    Kind.READ_MESSAGES: Sendable("List its messages", "forum"),
    Kind.CLEAR_MESSAGE: Sendable("Take a message off", "speaker_notes_off"),
    Kind.READ_INVENTORY: Sendable("Report its device model", "inventory_2"),
    Kind.READ_COMPONENTS: Sendable("Report some components", "memory"),
    Kind.MONITOR: Sendable("Monitor a variable", "notification_add"),
    Kind.READ_MONITORS: Sendable("List its monitors", "notifications"),
    Kind.CLEAR_MONITORS: Sendable("Remove monitors", "notifications_off"),
    Kind.SET_MONITORING: Sendable("Choose its set of monitors", "rule"),
    Kind.SET_MONITORING_LEVEL: Sendable("Choose which events it reports", "filter_alt"),
}
MENUS = (
    Menu("Send a command", "send", CHARGING),
    Menu("Upkeep", "build", UPKEEP),
    Menu("Cards and certificates", "badge", TRUST),
    Menu("Display and device", "monitor", DEVICE),
)
SENDABLE: Mapping[Kind, Sendable] = {kind: one for menu in MENUS for kind, one in menu.items.items()}
