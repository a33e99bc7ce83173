from chargers.admin import charge_point, connector, log, session

__all__ = ["charge_point", "connector", "log", "session"]
