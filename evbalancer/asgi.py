"""The ASGI application: HTTP by Django, sockets by `routing`, and what lives as long as the process does."""

import os
import warnings
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

# whitenoise hands files out as sync iterators; they are small, and read in a thread.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings")
django: Any = get_asgi_application()

# What imports models can be imported only after Django is set up.
from evbalancer import routing  # noqa: E402
from evbalancer.ops import inprocess  # noqa: E402
from evbalancer.ops.serving.bodies import BoundedBodies  # noqa: E402
from evbalancer.ops.serving.turns import InTurns  # noqa: E402

http = BoundedBodies(InTurns(django, at_once=settings.HTTP_AT_ONCE), most_bytes=settings.HTTP_MAX_BODY_BYTES)
# The OCPP endpoint reads the headers of a proxy on its own (chargers.ocpp.sockets.peer).
pages: Any = (
    ProxyHeadersMiddleware(http, list(settings.TRUSTED_ADDRESSES)) if settings.BEHIND_PROXY else http  # type: ignore[arg-type]
)


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """Start and stop what serves sockets; ProtocolTypeRouter would raise here."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            inprocess.start()
            await routing.ocpp.start()
            await send({"type": "lifespan.startup.complete"})
        else:
            await inprocess.stop()
            await routing.ocpp.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def application(scope: Any, receive: Any, send: Any) -> None:
    match scope["type"]:
        case "http":
            await pages(scope, receive, send)
        case "websocket":
            await routing.websocket(scope, receive, send)
        case "lifespan":
            await lifespan(scope, receive, send)
