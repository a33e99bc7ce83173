from drivers.models.driver import Driver, IdTag
from drivers.models.flat import Flat
from drivers.models.group import DriverGroup
from drivers.models.invitation import Invitation
from drivers.models.notification import Notification, Preference
from drivers.models.standing import Strike
from drivers.models.user import Membership, User
from drivers.models.webhook import Webhook, WebhookDelivery

__all__ = [
    "Driver",
    "DriverGroup",
    "Flat",
    "IdTag",
    "Invitation",
    "Membership",
    "Notification",
    "Preference",
    "Strike",
    "User",
    "Webhook",
    "WebhookDelivery",
]
