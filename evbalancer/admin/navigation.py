"""The sidebar: what people look for, in their words, and only what they may see."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse_lazy

from evbalancer.admin.todo import count_waiting

GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Charging",
        (
            ("Charge points", "ev_station", "chargers.ChargePoint"),
            ("Connectors", "power", "chargers.Connector"),
            ("Groups of connectors", "splitscreen", "chargers.ConnectorGroup"),
            ("Who may charge where", "key_vertical", "chargers.AccessRule"),
            ("Certificates", "workspace_premium", "chargers.ChargePointCertificate"),
            ("Security rules", "shield", "chargers.SecurityRule"),
            ("Sessions", "bolt", "chargers.Session"),
            ("Signed meter values", "verified", "chargers.SignedMeterValue"),
            ("Slots", "event", "scheduling.SlotRequest"),
        ),
    ),
    (
        "To decide",
        (
            ("Alarms", "notification_important", "scheduling.Alarm"),
            ("Emergencies", "emergency_home", "scheduling.EmergencyRequest"),
            ("Findings", "policy", "scheduling.AbuseFinding"),
            ("Strikes and appeals", "gavel", "drivers.Strike"),
            ("Learnt habits of drivers", "school", "scheduling.Habit"),
            ("Unmatched messages", "help", "chargers.OrphanMessage"),
            ("Unknown charge points", "sensor_door", "chargers.PendingChargePoint"),
        ),
    ),
    (
        "People",
        (
            ("Drivers", "group", "drivers.Driver"),
            ("Flats and cost centres", "door_front", "drivers.Flat"),
            ("Groups of drivers", "groups", "drivers.DriverGroup"),
            ("Invitations", "mail", "drivers.Invitation"),
            ("Cards", "contactless", "drivers.IdTag"),
            ("Refused cards", "credit_card_off", "chargers.RefusedCard"),
            ("Cars", "directions_car", "fleet.Vehicle"),
            ("Memberships", "badge", "drivers.Membership"),
            ("Accounts", "account_circle", "drivers.User"),
            ("Signing in", "passkey", "drivers.SignInRule"),
        ),
    ),
    (
        "Grid",
        (
            ("Clusters", "hub", "grid.Cluster"),
            ("Circuits", "account_tree", "grid.Circuit"),
            ("Lowered limits", "speed", "grid.TemporaryLimit"),
            ("Keys of machines", "key", "grid.GridKey"),
            ("Load curves", "show_chart", "grid.LoadCurve"),
            ("Meters that we read", "electric_meter", "grid.Meter"),
            ("Billed peaks", "avg_pace", "grid.DemandTarget"),
            ("Demand response", "electric_bolt", "grid.DemandProgram"),
            ("Communities", "apartment", "grid.Community"),
            ("Where the garage stands", "location_on", "fleet.Place"),
        ),
    ),
    (
        "Money and fairness",
        (
            ("Tariffs", "sell", "pricing.Tariff"),
            ("Who pays what", "assignment_ind", "pricing.TariffAssignment"),
            ("Energy signals", "query_stats", "pricing.EnergySignal"),
            ("Prices that follow the market", "trending_up", "pricing.DynamicPrice"),
            ("Demand charges", "bolt", "pricing.DemandCharge"),
            ("Bills", "receipt_long", "pricing.BillLine"),
            ("Waived fees", "money_off", "pricing.Waiver"),
            ("Load profiles", "stacked_line_chart", "pricing.LoadProfile"),
            ("Prices of sessions", "history_toggle_off", "pricing.PriceChoice"),
            ("Months to bill", "calendar_month", "pricing.BillingMonth"),
            ("Statements", "request_quote", "pricing.Statement"),
            ("Payments", "payments", "pricing.Payment"),
            ("Reminders", "notification_important", "pricing.Reminder"),
            ("Direct debits", "account_balance", "pricing.DebitRun"),
            ("SEPA mandates", "signature", "pricing.Mandate"),
            ("Wallets", "wallet", "pricing.Wallet"),
            ("Who issues statements", "storefront", "pricing.BillingDetails"),
            ("Tax", "percent", "pricing.TaxRate"),
            ("Fairness", "balance", "scheduling.FairnessEntry"),
            ("House rules", "rule", "scheduling.HouseRules"),
            ("Aims of clusters", "target", "scheduling.AimSeason"),
            ("Price of the order", "price_check", "scheduling.SharingPrice"),
            ("Usual arrivals", "schedule", "scheduling.ArrivalForecast"),
        ),
    ),
    (
        "Records",
        (
            ("Audit trail", "history", "grid.AuditEntry"),
            ("Rebalances", "sync", "scheduling.RebalanceRun"),
            ("Attendance", "engineering", "scheduling.Attendance"),
            ("Balancing failures", "sync_problem", "scheduling.BalanceTrouble"),
            ("Commands", "send", "chargers.ChargerCommand"),
            ("OCPP log", "terminal", "chargers.OcppMessage"),
            ("Building meters", "electric_meter", "grid.MeterReading"),
            ("Means of meter values", "compress", "chargers.MeterMean"),
            ("Notifications", "notifications", "drivers.Notification"),
            ("Your channels for alarms", "campaign", "scheduling.AlarmChannel"),
            ("Alarms as they were sent", "outgoing_mail", "scheduling.AlarmNotice"),
            ("Smartcar links", "link", "fleet.SmartcarConnection"),
            ("Which car stood where", "garage", "fleet.Stay"),
        ),
    ),
    (
        "Operators",
        (
            ("Mail server", "outgoing_mail", "drivers.MailServer"),
            ("Who is signed in", "devices", "drivers.SignIn"),
            ("Browsers with web push", "notifications_active", "drivers.PushSubscription"),
            ("Waiting for browsers", "schedule_send", "drivers.PushNotice"),
            ("Periodic tasks", "schedule", "django_celery_beat.PeriodicTask"),
            ("Calls to cars", "data_usage", "fleet.CallCount"),
            ("Calls left", "battery_horiz_050", "fleet.CallBudget"),
            ("Clearing of records", "auto_delete", "grid.RetentionMark"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The theme's SIDEBAR navigation."""
    overview: dict[str, Any] = {"title": "Overview", "icon": "dashboard", "link": reverse_lazy("admin:index")}
    if waiting := count_waiting(request):
        overview["badge"] = str(waiting)
    live = {"title": "Live page", "icon": "monitoring", "link": "/", "active": lambda _: False}
    setup = {"title": "Setup", "icon": "checklist", "link": reverse_lazy("admin:setup")}
    groups = [
        {"title": title, "collapsible": True, "items": [_item(*entry) for entry in entries]}
        for title, entries in GROUPS
    ]
    return [{"items": [overview, live, setup]}, *groups]


def _item(title: str, icon: str, label: str) -> dict[str, Any]:
    app, model = label.lower().split(".")
    link = reverse_lazy(f"admin:{app}_{model}_changelist")
    return {"title": title, "icon": icon, "link": link, "permission": _may_view(label.lower())}


def _may_view(label: str) -> Callable[[HttpRequest], bool]:
    def may(request: HttpRequest) -> bool:
        for model, model_admin in admin.site._registry.items():
            if model._meta.label_lower == label:
                return model_admin.has_view_permission(request)
        return False

    return may
