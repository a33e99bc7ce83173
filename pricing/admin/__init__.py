from pricing.admin import bill, tariff

__all__ = ["bill", "tariff"]
