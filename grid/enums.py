from evbalancer.common.words.choices import WordedChoices


class CircuitKind(WordedChoices):
    TRANSFORMER = "transformer", "Transformer"
    PANEL = "panel", "Panel"
    FEEDER = "feeder", "Feeder"
    BREAKER = "breaker", "Breaker"


class LimitSource(WordedChoices):
    MANAGER = "manager", "Manager"
    GRID_OPERATOR = "grid_operator", "Grid operator"
    DEMAND_RESPONSE = "demand_response", "Demand response"


class MeterView(WordedChoices):
    BUILDING = "building", "The building alone"
    EVERYTHING = "everything", "The building and the cars"


class MeterSource(WordedChoices):
    MQTT = "mqtt", "MQTT"
    MODBUS = "modbus", "Modbus/TCP"
    P1 = "p1", "P1 (DSMR) over TCP"


class MeterUnit(WordedChoices):
    WATT = "W", "W"
    AMPERE = "A", "A"


class ModbusPreset(WordedChoices):
    SDM630 = "sdm630", "Eastron SDM630"
    EM24 = "em24", "Carlo Gavazzi EM24"


class GridKeyPurpose(WordedChoices):
    METER = "meter", "Pushes readings"
    LIMITS = "limits", "Lowers the limit"
    SIGNALS = "signals", "Pushes prices or carbon intensity"


class SharingPolicy(WordedChoices):
    FAIR = "fair", "Fair: equal satisfaction, those who got less yesterday weigh more"
    SERVE = "serve", "Serve: as many cars as possible fully charged"
    EQUAL = "equal", "Equal: the same power for everyone"
    FIRST_COME = "first-come", "First come, first served"


class ActorKind(WordedChoices):
    USER = "user", "User"
    CHARGER = "charger", "Charge point"
    SYSTEM = "system", "System"
