from evbalancer.common.words.choices import WordedChoices


class LineKind(WordedChoices):
    ENERGY = "energy", "Energy"
    OVERSTAY = "overstay", "Overstay"
    EMERGENCY = "emergency", "Emergency surcharge"
    ADJUSTMENT = "adjustment", "Adjustment"
    RESERVATION = "reservation", "Reservation fee"
    NO_SHOW = "no_show", "No-show fee"
    MONTHLY = "monthly", "Monthly share"
    ALLOWANCE = "allowance", "Free energy"
    DEMAND = "demand", "Demand charge"


class DemandSharing(WordedChoices):
    """How the cars' part of a connection's demand charge is shared over drivers."""

    NOBODY = "nobody", "Nobody: the community keeps it"
    ENERGY = "energy", "Drivers, by their energy of the month"
    PEAK = "peak", "Drivers, by their part in the highest quarter of an hour"


class PriceBasis(WordedChoices):
    """Why a tariff is somebody's: from the narrowest reason to the widest."""

    DRIVER_GROUP = "driver_group", "Assigned to a group of the driver"
    CONNECTOR_GROUP = "connector_group", "Assigned to a group of the connector"
    MARKET = "market", "The cluster's price follows the market"
    CLUSTER = "cluster", "Assigned to the cluster"
    COMMUNITY = "community", "Assigned to everybody"
    STANDING = "standing", "The community's tariff"


class SignalQuantity(WordedChoices):
    PRICE = "price", "Price of energy"
    CARBON = "carbon", "Carbon intensity"


class SignalKind(WordedChoices):
    BY_HAND = "by_hand", "Files and pushes alone"
    ENTSOE = "entsoe", "ENTSO-E day ahead"
    AWATTAR = "awattar", "aWATTar"
    TIBBER = "tibber", "Tibber"
    OCTOPUS = "octopus", "Octopus Energy"


class PaymentKind(WordedChoices):
    ACCOUNT = "account", "On account"
    DEBIT = "debit", "Direct debit"
    WALLET = "wallet", "Wallet"


class WalletEntryKind(WordedChoices):
    FILLED = "filled", "Paid in"
    DRAWN = "drawn", "Paid a statement"
    PAID_OUT = "paid_out", "Paid out"


class StatementKind(WordedChoices):
    STATEMENT = "statement", "Statement"
    CREDIT = "credit", "Credit note"


class StatementState(WordedChoices):
    DRAFT = "draft", "Draft"
    REVIEWED = "reviewed", "Reviewed"
    ISSUED = "issued", "Issued"
