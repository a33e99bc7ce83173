from drivers.admin import driver, invitation, membership, notification, standing, user

__all__ = ["driver", "invitation", "membership", "notification", "standing", "user"]
