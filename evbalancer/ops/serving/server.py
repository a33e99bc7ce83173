"""How the ASGI server is set up, in the demo and in production.

uvicorn can refuse a handshake with a real status, closes sockets with 1012 on SIGTERM and then runs `disconnect`;
presence rests on its pings, because pongs never reach the application.
"""

from typing import Any

import uvicorn
from django.conf import settings

from evbalancer.ops.serving.tls import SocketProtocol, Tls

PING_EVERY_S = PING_WAIT_S = 20
# Between SIGTERM and the end, for answers that are being committed.
GRACE_S = 5


def config(*, host: str, port: int, tls: Tls | None = None) -> uvicorn.Config:
    """Logging is ours (`log_config=None`), and compression would cost memory on every socket."""
    encryption: dict[str, Any] = {} if tls is None else tls.options()
    return uvicorn.Config(
        "evbalancer.asgi:application",
        host=host,
        port=port,
        ws=SocketProtocol,
        ws_max_size=settings.OCPP_MAX_FRAME_BYTES,
        ws_ping_interval=PING_EVERY_S,
        ws_ping_timeout=PING_WAIT_S,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # The application reads them itself: whom it believes differs between browsers and charge points.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        backlog=4096,
        **encryption,
    )
