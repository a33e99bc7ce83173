"""Which application serves a connection. OCPP is beside the browsers' stack: charge points send no Origin and no cookie."""

from typing import Any

from channels.routing import URLRouter

from chargers.ocpp.consumer import PATH, OcppServer
from evbalancer.dashboard.routing import websocket_urlpatterns

ocpp = OcppServer()
browsers = URLRouter(websocket_urlpatterns)


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
