from drivers.admin import driver, flat, invitation, membership, notification, standing, user

__all__ = ["driver", "flat", "invitation", "membership", "notification", "standing", "user"]
