from pricing.admin import bill, signal, tariff

__all__ = ["bill", "signal", "tariff"]
