from pricing.models.bill import BillLine
from pricing.models.signal import EnergySignal, SignalPublication
from pricing.models.tariff import Tariff, TariffWindow

__all__ = ["BillLine", "EnergySignal", "SignalPublication", "Tariff", "TariffWindow"]
