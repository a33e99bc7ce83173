"""Which application serves a connection. OCPP is beside the browsers' stack: charge points send no Origin and no cookie."""

from typing import Any

from channels.routing import URLRouter
from django.conf import settings
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from chargers.ocpp.sockets.consumer import PATH, OcppServer
from evbalancer.dashboard.routing import websocket_urlpatterns

ocpp = OcppServer()
_pages = URLRouter(websocket_urlpatterns)
browsers: Any = (
    ProxyHeadersMiddleware(_pages, list(settings.TRUSTED_ADDRESSES)) if settings.BEHIND_PROXY else _pages  # type: ignore[arg-type]
)


async def websocket(scope: Any, receive: Any, send: Any) -> None:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if path.startswith(PATH):
        await ocpp(scope, receive, send)
        return
    try:
        await browsers(scope, receive, send)
    except ValueError:
        # URLRouter's way to say that nothing is served there.
        await send({"type": "websocket.close"})
