from scheduling.admin import (
    abuse,
    aim,
    arrivals,
    calendar_feed,
    emergency,
    fairness,
    habit,
    house_rules,
    plan,
    sharing_price,
    slot_request,
    states,
)

__all__ = [
    "abuse",
    "aim",
    "arrivals",
    "calendar_feed",
    "emergency",
    "fairness",
    "habit",
    "house_rules",
    "plan",
    "sharing_price",
    "slot_request",
    "states",
]
