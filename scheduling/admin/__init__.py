from scheduling.admin import abuse, emergency, fairness, house_rules, plan, slot_request, states

__all__ = ["abuse", "emergency", "fairness", "house_rules", "plan", "slot_request", "states"]
