from scheduling.admin import abuse, emergency, fairness, plan, slot_request, states

__all__ = ["abuse", "emergency", "fairness", "plan", "slot_request", "states"]
