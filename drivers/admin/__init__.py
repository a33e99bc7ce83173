from drivers.admin import driver, membership, notification, standing, user

__all__ = ["driver", "membership", "notification", "standing", "user"]
