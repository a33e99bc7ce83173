from scheduling.admin import (
    abuse,
    calendar_feed,
    emergency,
    fairness,
    house_rules,
    plan,
    slot_request,
    states,
)

__all__ = ["abuse", "calendar_feed", "emergency", "fairness", "house_rules", "plan", "slot_request", "states"]
