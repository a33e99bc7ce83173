"""An installer's handover, shown once: the charge point's address, identity and key; also as a QR code."""

import io
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import segno


@dataclass(frozen=True, slots=True)
class Handover:
    """`base` is where charge points reach the server, for example wss://charging.example.org."""

    base: str
    identity: str
    key: str

    @property
    def url(self) -> str:
        return f"{self.base.rstrip('/')}/ocpp/{quote(self.identity, safe='')}"

    @property
    def url_with_key(self) -> str:
        """With name and key before the host, as RFC 3986 writes credentials: apps of installers read it."""
        parts = urlsplit(self.url)
        credentials = f"{quote(self.identity, safe='')}:{quote(self.key, safe='')}"
        return urlunsplit(parts._replace(netloc=f"{credentials}@{parts.netloc}"))

    def qr_svg(self) -> str:
        """An element for a page: shapes and colours only, no script and no style."""
        return self._code().svg_inline(scale=4, dark="#000", light="#fff", svgclass="evb-qr", lineclass=None)

    def qr_text(self) -> str:
        """Of half blocks, for a terminal."""
        out = io.StringIO()
        self._code().terminal(out, compact=True)
        return out.getvalue()

    def _code(self) -> segno.QRCode:
        return segno.make(self.url_with_key, error="m", micro=False)
