"""The sidebar: what people look for, in their words, and only what they may see."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.translation import gettext, gettext_noop

from evbalancer.admin.todo import count_waiting

GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        gettext_noop("Charging"),
        (
            (gettext_noop("Charge points"), "ev_station", "chargers.ChargePoint"),
            (gettext_noop("Connectors"), "power", "chargers.Connector"),
            (gettext_noop("Groups of connectors"), "splitscreen", "chargers.ConnectorGroup"),
            (gettext_noop("Who may charge where"), "key_vertical", "chargers.AccessRule"),
            (gettext_noop("Certificates"), "workspace_premium", "chargers.ChargePointCertificate"),
            (gettext_noop("Security rules"), "shield", "chargers.SecurityRule"),
            (gettext_noop("Sessions"), "bolt", "chargers.Session"),
            (gettext_noop("Signed meter values"), "verified", "chargers.SignedMeterValue"),
            (gettext_noop("Slots"), "event", "scheduling.SlotRequest"),
        ),
    ),
    (
        gettext_noop("To decide"),
        (
            (gettext_noop("Alarms"), "notification_important", "scheduling.Alarm"),
            (gettext_noop("Emergencies"), "emergency_home", "scheduling.EmergencyRequest"),
            (gettext_noop("Findings"), "policy", "scheduling.AbuseFinding"),
            (gettext_noop("Strikes and appeals"), "gavel", "drivers.Strike"),
            (gettext_noop("Learnt habits of drivers"), "school", "scheduling.Habit"),
            (gettext_noop("Unmatched messages"), "help", "chargers.OrphanMessage"),
            (gettext_noop("Unknown charge points"), "sensor_door", "chargers.PendingChargePoint"),
        ),
    ),
    (
        gettext_noop("People"),
        (
            (gettext_noop("Drivers"), "group", "drivers.Driver"),
            (gettext_noop("Flats and cost centres"), "door_front", "drivers.Flat"),
            (gettext_noop("Groups of drivers"), "groups", "drivers.DriverGroup"),
            (gettext_noop("Invitations"), "mail", "drivers.Invitation"),
            (gettext_noop("Cards"), "contactless", "drivers.IdTag"),
            (gettext_noop("Refused cards"), "credit_card_off", "chargers.RefusedCard"),
            (gettext_noop("Cars"), "directions_car", "fleet.Vehicle"),
            (gettext_noop("Memberships"), "badge", "drivers.Membership"),
            (gettext_noop("Accounts"), "account_circle", "drivers.User"),
            (gettext_noop("Signing in"), "passkey", "drivers.SignInRule"),
        ),
    ),
    (
        gettext_noop("Grid"),
        (
            (gettext_noop("Clusters"), "hub", "grid.Cluster"),
            (gettext_noop("Circuits"), "account_tree", "grid.Circuit"),
            (gettext_noop("Lowered limits"), "speed", "grid.TemporaryLimit"),
            (gettext_noop("Keys of machines"), "key", "grid.GridKey"),
            (gettext_noop("Load curves"), "show_chart", "grid.LoadCurve"),
            (gettext_noop("Meters that we read"), "electric_meter", "grid.Meter"),
            (gettext_noop("Billed peaks"), "avg_pace", "grid.DemandTarget"),
            (gettext_noop("Demand response"), "electric_bolt", "grid.DemandProgram"),
            (gettext_noop("Communities"), "apartment", "grid.Community"),
            (gettext_noop("Where the garage stands"), "location_on", "fleet.Place"),
        ),
    ),
    (
        gettext_noop("Money and fairness"),
        (
            (gettext_noop("Tariffs"), "sell", "pricing.Tariff"),
            (gettext_noop("Who pays what"), "assignment_ind", "pricing.TariffAssignment"),
            (gettext_noop("Energy signals"), "query_stats", "pricing.EnergySignal"),
            (gettext_noop("Prices that follow the market"), "trending_up", "pricing.DynamicPrice"),
            (gettext_noop("Demand charges"), "bolt", "pricing.DemandCharge"),
            (gettext_noop("Bills"), "receipt_long", "pricing.BillLine"),
            (gettext_noop("Waived fees"), "money_off", "pricing.Waiver"),
            (gettext_noop("Load profiles"), "stacked_line_chart", "pricing.LoadProfile"),
            (gettext_noop("Prices of sessions"), "history_toggle_off", "pricing.PriceChoice"),
            (gettext_noop("Months to bill"), "calendar_month", "pricing.BillingMonth"),
            (gettext_noop("Statements"), "request_quote", "pricing.Statement"),
            (gettext_noop("Payments"), "payments", "pricing.Payment"),
            (gettext_noop("Reminders"), "notification_important", "pricing.Reminder"),
            (gettext_noop("Direct debits"), "account_balance", "pricing.DebitRun"),
            (gettext_noop("SEPA mandates"), "signature", "pricing.Mandate"),
            (gettext_noop("Wallets"), "wallet", "pricing.Wallet"),
            (gettext_noop("Who issues statements"), "storefront", "pricing.BillingDetails"),
            (gettext_noop("Tax"), "percent", "pricing.TaxRate"),
            (gettext_noop("Fairness"), "balance", "scheduling.FairnessEntry"),
            (gettext_noop("House rules"), "rule", "scheduling.HouseRules"),
            (gettext_noop("Aims of clusters"), "target", "scheduling.AimSeason"),
            (gettext_noop("Price of the order"), "price_check", "scheduling.SharingPrice"),
            (gettext_noop("Usual arrivals"), "schedule", "scheduling.ArrivalForecast"),
        ),
    ),
    (
        gettext_noop("Records"),
        (
            (gettext_noop("Audit trail"), "history", "grid.AuditEntry"),
            (gettext_noop("Rebalances"), "sync", "scheduling.RebalanceRun"),
            (gettext_noop("Attendance"), "engineering", "scheduling.Attendance"),
            (gettext_noop("Balancing failures"), "sync_problem", "scheduling.BalanceTrouble"),
            (gettext_noop("Commands"), "send", "chargers.ChargerCommand"),
            (gettext_noop("OCPP log"), "terminal", "chargers.OcppMessage"),
            (gettext_noop("Building meters"), "electric_meter", "grid.MeterReading"),
            (gettext_noop("Means of meter values"), "compress", "chargers.MeterMean"),
            (gettext_noop("Notifications"), "notifications", "drivers.Notification"),
            (gettext_noop("Your channels for alarms"), "campaign", "scheduling.AlarmChannel"),
            (gettext_noop("Alarms as they were sent"), "outgoing_mail", "scheduling.AlarmNotice"),
            (gettext_noop("Smartcar links"), "link", "fleet.SmartcarConnection"),
            (gettext_noop("Which car stood where"), "garage", "fleet.Stay"),
        ),
    ),
    (
        gettext_noop("Operators"),
        (
            (gettext_noop("Mail server"), "outgoing_mail", "drivers.MailServer"),
            (gettext_noop("Who is signed in"), "devices", "drivers.SignIn"),
            (gettext_noop("Browsers with web push"), "notifications_active", "drivers.PushSubscription"),
            (gettext_noop("Waiting for browsers"), "schedule_send", "drivers.PushNotice"),
            (gettext_noop("Periodic tasks"), "schedule", "django_celery_beat.PeriodicTask"),
            (gettext_noop("Calls to cars"), "data_usage", "fleet.CallCount"),
            (gettext_noop("Calls left"), "battery_horiz_050", "fleet.CallBudget"),
            (gettext_noop("Clearing of records"), "auto_delete", "grid.RetentionMark"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The theme's SIDEBAR navigation."""
    overview: dict[str, Any] = {
        "title": gettext("Overview"),
        "icon": "dashboard",
        "link": reverse_lazy("admin:index"),
    }
    if waiting := count_waiting(request):
        overview["badge"] = str(waiting)
    live = {"title": gettext("Live page"), "icon": "monitoring", "link": "/", "active": lambda _: False}
    setup = {"title": gettext("Setup"), "icon": "checklist", "link": reverse_lazy("admin:setup")}
    groups = [
        {"title": gettext(title), "collapsible": True, "items": [_item(*entry) for entry in entries]}
        for title, entries in GROUPS
    ]
    return [{"items": [overview, live, setup]}, *groups]


def _item(title: str, icon: str, label: str) -> dict[str, Any]:
    app, model = label.lower().split(".")
    link = reverse_lazy(f"admin:{app}_{model}_changelist")
    return {"title": gettext(title), "icon": icon, "link": link, "permission": _may_view(label.lower())}


def _may_view(label: str) -> Callable[[HttpRequest], bool]:
    def may(request: HttpRequest) -> bool:
        for model, model_admin in admin.site._registry.items():
            if model._meta.label_lower == label:
                return model_admin.has_view_permission(request)
        return False

    return may
