"""Which gateway this install uses: Smartcar's V2 or V3 with credentials, the mock where that was chosen, else none."""

from functools import lru_cache

from django.conf import settings

from fleet.smartcar.absent import AbsentGateway
from fleet.smartcar.gateway import Gateway
from fleet.smartcar.live import LiveGateway
from fleet.smartcar.mock import MockGateway
from fleet.smartcar.v3 import V3Gateway


def is_mock() -> bool:
    """Made-up cars: in the demo, in development, or where somebody asked for them."""
    return not settings.SMARTCAR_CLIENT_ID and bool(settings.SMARTCAR_MOCK)


def is_configured() -> bool:
    """Whether a car can be linked at all."""
    return bool(settings.SMARTCAR_CLIENT_ID) or is_mock()


def gateway() -> Gateway:
    if not is_configured():
        return AbsentGateway()
    if is_mock():
        return MockGateway()
    return _live(
        api=settings.SMARTCAR_API,
        client_id=settings.SMARTCAR_CLIENT_ID,
        client_secret=settings.SMARTCAR_CLIENT_SECRET,
        redirect_uri=settings.SMARTCAR_REDIRECT_URI,
        mode=settings.SMARTCAR_MODE,
        scopes=tuple(settings.SMARTCAR_SCOPES),
        application_id=settings.SMARTCAR_APPLICATION_ID or settings.SMARTCAR_CLIENT_ID,
        token_url=settings.SMARTCAR_TOKEN_URL,
    )


@lru_cache(maxsize=4)
def _live(
    *,
    api: str,
    client_id: str,
    client_secret: str,
    redirect_uri: str,
    mode: str,
    scopes: tuple[str, ...],
    application_id: str,
    token_url: str,
) -> Gateway:
    """Kept, because V3's gateway holds the application's token for an hour."""
    if api == "v3":
        return V3Gateway(
            client_id=client_id,
            client_secret=client_secret,
            redirect_uri=redirect_uri,
            mode=mode,
            scopes=scopes,
            application_id=application_id,
            token_url=token_url,
        )
    return LiveGateway(
        client_id=client_id, client_secret=client_secret, redirect_uri=redirect_uri, mode=mode, scopes=scopes
    )
