"""The proxy that docker-compose.yml starts, with its own file: who shows a certificate to it has shown it to the server."""

import base64
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime

import pytest
from websockets.exceptions import InvalidStatus, WebSocketException

from chargers.enums import SecurityProfile
from chargers.models import ChargePoint
from evbalancer.common.loopback import free_port
from tests.architecture.source import ROOT
from tests.chargers.conftest import WAIT_S, Charger
from tests.factories.certificates import Authority

pytestmark = pytest.mark.skipif(shutil.which("caddy") is None, reason="No Caddy here: apt-get install caddy")
AUTHORITY = Authority()
CADDYFILE = ROOT / "docs" / "deployment" / "Caddyfile"
UPSTREAMS = re.compile(r"dynamic a web 8000 \{.*?\}", re.DOTALL)
# Nothing of the machine is touched: no port 80, no trust store, no port for administration.
ALONE = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\tgrace_period 1s\n}\n"


def wait_for_port(port: int) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while True:
        try:
            with closing(socket.create_connection(("127.0.0.1", port), timeout=1)):
                return
        except OSError:
            assert time.monotonic() < deadline_s, "Caddy does not listen"
            time.sleep(0.05)


@pytest.fixture
def proxied(start_endpoint, connector, settings, tmp_path):
    """Two servers behind the proxy, in place of as many containers as `--scale web=` starts; a charger that needs a certificate."""
    settings.OCPP_TRUSTED_PROXIES = ["127.0.0.1"]
    ports = [start_endpoint().port for _ in range(2)]
    authority, _ = AUTHORITY.write(tmp_path, "charge-points-ca")
    text, replaced = UPSTREAMS.subn(
        "to " + " ".join(f"127.0.0.1:{port}" for port in ports), CADDYFILE.read_text()
    )
    assert replaced == 1
    file = tmp_path / "Caddyfile"
    file.write_text(ALONE + text.replace("/etc/caddy/charge-points-ca.pem", str(authority)))
    port = free_port()
    caddy = subprocess.Popen(
        ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "XDG_DATA_HOME": str(tmp_path),
            "SITE_NAME": f"https://localhost:{port}",
            "CLIENT_CERTIFICATES": "verified",
        },
        stderr=(tmp_path / "caddy.log").open("wb"),
    )
    wait_for_port(port)
    ChargePoint.objects.update(security_profile=SecurityProfile.CERTIFICATE)
    charger = Charger(f"wss://localhost:{port}", connector.charge_point.identity, "")
    yield charger
    charger.close()
    caddy.terminate()
    caddy.wait(timeout=WAIT_S)


def show(charger, tmp_path, issued=None):
    # The proxy's own certificate is of an authority that it made a moment ago.
    charger.ssl = ssl.create_default_context()
    charger.ssl.check_hostname, charger.ssl.verify_mode = False, ssl.CERT_NONE
    if issued is not None:
        charger.ssl.load_cert_chain(*issued.write(tmp_path, "client"))
    return charger


def refused(charger, **headers) -> int:
    with pytest.raises(InvalidStatus) as answer:
        charger.connect(additional_headers=headers)
    status: int = answer.value.response.status_code
    return status


def test_certificate_passes_through_and_nobody_writes_it_himself(proxied, tmp_path):
    now = datetime.now(UTC)
    right = AUTHORITY.issue(proxied.identity, now=now)
    show(proxied, tmp_path, right).connect(additional_headers={})
    assert proxied.boot()["status"] == "Accepted"
    assert ChargePoint.objects.get().connected_profile == SecurityProfile.CERTIFICATE
    proxied.close()

    show(proxied, tmp_path)
    assert refused(proxied) == 401
    forged = base64.b64encode(right.der).decode()
    assert refused(proxied, **{"X-Client-Cert": forged, "X-Forwarded-Proto": "https"}) == 401

    show(proxied, tmp_path, Authority().issue(proxied.identity, now=now))
    with pytest.raises((OSError, WebSocketException)):
        proxied.connect(additional_headers={})
