import pytest
from smartcar import config

from fleet.smartcar.live import LiveGateway
from tests.fakesmartcar.server import FakeSmartcar


@pytest.fixture
def smartcar(monkeypatch):
    """A Smartcar on this machine, and the SDK pointed at it."""
    fake = FakeSmartcar()
    fake.start()
    monkeypatch.setattr(config, "API_ORIGIN", fake.origin)
    monkeypatch.setattr(config, "AUTH_ORIGIN", fake.origin + "/oauth/token")
    monkeypatch.setattr(config, "CONNECT_ORIGIN", fake.origin)
    yield fake
    fake.stop()


@pytest.fixture
def live(smartcar):
    return LiveGateway(
        client_id="id", client_secret="secret", redirect_uri="http://testserver/back", mode="test"
    )
