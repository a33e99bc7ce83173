from pricing.admin import account, bill, biller, dynamic, panels, payment, signal, statement, tariff

__all__ = ["account", "bill", "biller", "dynamic", "panels", "payment", "signal", "statement", "tariff"]
