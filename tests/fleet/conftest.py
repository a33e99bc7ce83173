import pytest
from django.conf import settings
from smartcar import config

from fleet.smartcar.live import LiveGateway
from fleet.smartcar.v3 import V3Gateway
from tests.fakesmartcar.server import FakeSmartcar

APPLICATION = {
    "client_id": "id",
    "client_secret": "secret",
    "redirect_uri": "http://testserver/back",
    "mode": "test",
}


@pytest.fixture
def smartcar(monkeypatch):
    """A Smartcar on this machine, and the SDK pointed at it."""
    fake = FakeSmartcar()
    fake.start()
    monkeypatch.setattr(config, "API_ORIGIN", fake.origin)
    monkeypatch.setattr(config, "AUTH_ORIGIN", fake.origin + "/oauth/token")
    monkeypatch.setattr(config, "CONNECT_ORIGIN", fake.origin)
    monkeypatch.setattr(config, "VEHICLE_API_ORIGIN", fake.origin)
    yield fake
    fake.stop()


@pytest.fixture
def live(smartcar):
    return LiveGateway(**APPLICATION, scopes=settings.SMARTCAR_SCOPES)


@pytest.fixture
def v3(smartcar):
    return V3Gateway(
        **APPLICATION,
        application_id="application-id",
        scopes=settings.SMARTCAR_SCOPES,
        token_url=smartcar.origin + "/oauth2/token",
    )
