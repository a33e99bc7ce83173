from pricing.admin import bill, biller, dynamic, signal, statement, tariff

__all__ = ["bill", "biller", "dynamic", "signal", "statement", "tariff"]
