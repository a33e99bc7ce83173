from chargers.admin import charge_point, connector, log, model, session

__all__ = ["charge_point", "connector", "log", "model", "session"]
