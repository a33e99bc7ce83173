from drivers.admin import driver, flat, group, invitation, membership, notification, standing, user

__all__ = ["driver", "flat", "group", "invitation", "membership", "notification", "standing", "user"]
