from chargers.admin import charge_point, connector, device_model, log, model, security, session

__all__ = ["charge_point", "connector", "device_model", "log", "model", "security", "session"]
