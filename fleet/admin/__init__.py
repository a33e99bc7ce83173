from fleet.admin import connection, vehicle

__all__ = ["connection", "vehicle"]
