from drivers.models.driver import Driver, IdTag
from drivers.models.flat import Flat
from drivers.models.group import DriverGroup
from drivers.models.invitation import Invitation
from drivers.models.mail_server import MailServer
from drivers.models.notification import Notification, Preference
from drivers.models.push import PushNotice, PushSubscription
from drivers.models.sign_in import Authenticator, Passkey, RecoveryCode, SignIn, SignInRule
from drivers.models.standing import Strike
from drivers.models.user import Membership, User
from drivers.models.webhook import Webhook, WebhookDelivery

__all__ = [
    "Authenticator",
    "Driver",
    "DriverGroup",
    "Flat",
    "IdTag",
    "Invitation",
    "MailServer",
    "Membership",
    "Notification",
    "Passkey",
    "Preference",
    "PushNotice",
    "PushSubscription",
    "RecoveryCode",
    "SignIn",
    "SignInRule",
    "Strike",
    "User",
    "Webhook",
    "WebhookDelivery",
]
