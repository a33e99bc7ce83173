from drivers.admin import (
    driver,
    flat,
    group,
    invitation,
    mail_server,
    membership,
    notification,
    sign_in,
    standing,
    user,
)

__all__ = [
    "driver",
    "flat",
    "group",
    "invitation",
    "mail_server",
    "membership",
    "notification",
    "sign_in",
    "standing",
    "user",
]
