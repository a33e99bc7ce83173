from scheduling.models.abuse import AbuseFinding
from scheduling.models.aim import AimSeason, AimTrial
from scheduling.models.alarm import Alarm, AlarmChannel, AlarmNotice
from scheduling.models.arrivals import ArrivalForecast
from scheduling.models.attendance import Attendance
from scheduling.models.calendar_feed import CalendarFeed
from scheduling.models.emergency import EmergencyRequest
from scheduling.models.fairness import FairnessEntry
from scheduling.models.habit import Habit
from scheduling.models.house_rules import HouseRules
from scheduling.models.plan import Allotment, RebalanceRun
from scheduling.models.sharing_price import SharingPrice
from scheduling.models.slot_request import SlotRequest
from scheduling.models.trouble import BalanceTrouble

__all__ = [
    "AbuseFinding",
    "AimSeason",
    "AimTrial",
    "Alarm",
    "AlarmChannel",
    "AlarmNotice",
    "Allotment",
    "ArrivalForecast",
    "Attendance",
    "BalanceTrouble",
    "CalendarFeed",
    "EmergencyRequest",
    "FairnessEntry",
    "Habit",
    "HouseRules",
    "RebalanceRun",
    "SharingPrice",
    "SlotRequest",
]
