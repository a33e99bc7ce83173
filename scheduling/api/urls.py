from django.urls import path

from evbalancer.common.web.api import ApiRouter
from scheduling.api.aims import AimsView
from scheduling.api.alarm_channels import AlarmChannelViewSet
from scheduling.api.alarms import AlarmViewSet
from scheduling.api.calendar import CalendarView, calendar_feed
from scheduling.api.emergencies import EmergencyViewSet
from scheduling.api.months import MonthsView
from scheduling.api.personal_data import PersonalDataView
from scheduling.api.plans import ChargingPlanView
from scheduling.api.slots import SlotViewSet
from scheduling.api.timeline import TimelineView
from scheduling.api.viewsets import (
    BalanceView,
    ChargingStatusView,
    FairnessCsvView,
    FairnessView,
    FindingViewSet,
    HabitViewSet,
    RunViewSet,
)

router = ApiRouter()
router.register("drivers/slot", SlotViewSet)
router.register("drivers/emergency", EmergencyViewSet)
router.register("drivers/findings", FindingViewSet)
router.register("drivers/habits", HabitViewSet)
router.register("grid/runs", RunViewSet)
router.register("alarms/channels", AlarmChannelViewSet)
router.register("alarms", AlarmViewSet)

urlpatterns = [
    path("grid/cluster/<uuid:id>/aims", AimsView.as_view(), name="cluster-aims"),
    path("drivers/data", PersonalDataView.as_view(), name="personal-data"),
    path("drivers/months", MonthsView.as_view(), name="months"),
    path("drivers/balance", BalanceView.as_view(), name="balance"),
    path("drivers/calendar", CalendarView.as_view(), name="calendar"),
    path("calendar/<str:token>.ics", calendar_feed, name="calendar-feed"),
    path("drivers/charging/status", ChargingStatusView.as_view(), name="charging-status"),
    path("drivers/charging/plan", ChargingPlanView.as_view(), name="charging-plan"),
    path("grid/circuits/<uuid:id>/timeline", TimelineView.as_view(), name="circuit-timeline"),
    path("analytics/fairness", FairnessView.as_view(), name="fairness"),
    path("analytics/fairness.csv", FairnessCsvView.as_view(), name="fairness-csv"),
]
