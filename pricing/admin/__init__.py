from pricing.admin import bill, biller, dynamic, panels, signal, statement, tariff

__all__ = ["bill", "biller", "dynamic", "panels", "signal", "statement", "tariff"]
