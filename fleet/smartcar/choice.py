"""Which gateway this install uses: the live one with credentials, else the mock."""

from django.conf import settings

from fleet.smartcar.gateway import Gateway
from fleet.smartcar.live import LiveGateway
from fleet.smartcar.mock import MockGateway


def is_mock() -> bool:
    return not settings.SMARTCAR_CLIENT_ID


def gateway() -> Gateway:
    if is_mock():
        return MockGateway()
    return LiveGateway(
        client_id=settings.SMARTCAR_CLIENT_ID,
        client_secret=settings.SMARTCAR_CLIENT_SECRET,
        redirect_uri=settings.SMARTCAR_REDIRECT_URI,
        mode=settings.SMARTCAR_MODE,
    )
