from drivers.models.driver import Driver, IdTag
from drivers.models.notification import Notification
from drivers.models.standing import Strike
from drivers.models.user import Membership, User

__all__ = ["Driver", "IdTag", "Membership", "Notification", "Strike", "User"]
