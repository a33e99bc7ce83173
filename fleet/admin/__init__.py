from fleet.admin import budget, connection, stay, vehicle

__all__ = ["budget", "connection", "stay", "vehicle"]
