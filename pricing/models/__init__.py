from pricing.models.bill import BillLine
from pricing.models.tariff import Tariff, TariffWindow

__all__ = ["BillLine", "Tariff", "TariffWindow"]
