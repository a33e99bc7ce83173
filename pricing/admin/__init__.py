from pricing.admin import bill, biller, dynamic, panels, payment, signal, statement, tariff

__all__ = ["bill", "biller", "dynamic", "panels", "payment", "signal", "statement", "tariff"]
