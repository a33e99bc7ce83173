from pricing.models.assignment import PriceChoice, TariffAssignment
from pricing.models.bill import BillLine
from pricing.models.biller import BillingDetails, TaxRate
from pricing.models.demand import DemandCharge
from pricing.models.dynamic import DynamicPrice, PricePublication
from pricing.models.payment import Debit, DebitRun, Mandate, Payment, Reminder, Wallet, WalletEntry
from pricing.models.profile import LoadProfile
from pricing.models.signal import EnergySignal, SignalPublication
from pricing.models.statement import BillingMonth, Statement, StatementItem
from pricing.models.tariff import Tariff, TariffWindow
from pricing.models.version import TariffVersion
from pricing.models.waiver import Waiver

__all__ = [
    "BillLine",
    "BillingDetails",
    "BillingMonth",
    "Debit",
    "DebitRun",
    "DemandCharge",
    "DynamicPrice",
    "EnergySignal",
    "LoadProfile",
    "Mandate",
    "Payment",
    "PriceChoice",
    "PricePublication",
    "Reminder",
    "SignalPublication",
    "Statement",
    "StatementItem",
    "Tariff",
    "TariffAssignment",
    "TariffVersion",
    "TariffWindow",
    "TaxRate",
    "Waiver",
    "Wallet",
    "WalletEntry",
]
