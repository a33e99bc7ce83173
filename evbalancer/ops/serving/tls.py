"""Our own TLS, where no proxy ends it: a certificate of the server, and client certificates of charge points if wanted.

uvicorn does not tell the application about client certificates; ASGI's TLS extension says how that is done.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.http11 import Request

from evbalancer.ops.serving.sockets import ChargerSocket


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files. With `client_ca`, clients may show a certificate of that authority; browsers need none."""

    cert: Path
    key: Path
    client_ca: Path | None = None

    def options(self) -> dict[str, Any]:
        """Of `uvicorn.Config`."""
        found: dict[str, Any] = {"ssl_certfile": str(self.cert), "ssl_keyfile": str(self.key)}
        if self.client_ca is not None:
            found |= {"ssl_ca_certs": str(self.client_ca), "ssl_cert_reqs": ssl.CERT_OPTIONAL}
        return found


class SocketProtocol(ChargerSocket):
    """Ours, and the client's certificate in the scope."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        connection = self.transport.get_extra_info("ssl_object")
        shown = connection.getpeercert(binary_form=True) if connection is not None else None
        if shown and hasattr(self, "scope"):
            # The application starts in the loop's next turn.
            scope: Any = self.scope
            scope["extensions"]["tls"] = {"client_cert_chain": [ssl.DER_cert_to_PEM_cert(shown)]}
