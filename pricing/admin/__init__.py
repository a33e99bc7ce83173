from pricing.admin import bill, biller, signal, statement, tariff

__all__ = ["bill", "biller", "signal", "statement", "tariff"]
