from chargers.admin import charge_point, connector, log, model, security, session

__all__ = ["charge_point", "connector", "log", "model", "security", "session"]
