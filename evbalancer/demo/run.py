"""Serve the demo: one server process on loopback, and the simulated charge points as a process of their own."""

import contextlib
import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from django.conf import settings

from chargers.domain.sockets import keys
from chargers.models import ChargePoint
from evbalancer.demo import bookings, market, traffic
from evbalancer.ops.serving import server
from grid.domain.audit import SYSTEM
from grid.models import Cluster, Meter
from scheduling.domain.learning import headroom

WAIT_FOR_CHARGERS_S = 5


class DemoError(Exception):
    """Why the demo can't start, in a sentence."""


def check_address(host: str, port: int) -> None:
    """Raises DemoError: everybody knows the demo's passwords, so it serves this machine only."""
    name = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ipaddress.ip_address(name).is_loopback
    except ValueError as error:
        raise DemoError(f"{host} is not an IP address.") from error
    if not loopback:
        raise DemoError(
            f"The demo has known passwords and serves 127.0.0.1 only, not {host}. See docs/operations.md for an install."
        )
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((name, port))
        except OSError as error:
            raise DemoError(
                f"Port {port} is in use. Stop the other program or try --port {port + 1}."
            ) from error


def charge_point_keys(cluster: Cluster, *, now: datetime) -> dict[str, str]:
    """Keys of the simulated charge points: kept in a file that only its owner reads, made where they don't fit."""
    path = settings.BASE_DIR / "var" / "demo-keys.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    for charge_point in ChargePoint.objects.filter(cluster=cluster):
        key = known.get(charge_point.identity, "")
        if not key or keys.hash_key(key.encode()) != charge_point.key_hash:
            known[charge_point.identity] = keys.issue_key(charge_point, actor=SYSTEM, now=now)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(known, file)
    return known


def serve(cluster: Cluster, *, host: str, port: int, speed: float, seed: int) -> None:
    """Serve until Ctrl-C or SIGTERM, with the charge points beside it."""
    now = datetime.now(UTC)
    charge_point_keys(cluster, now=now)
    market.open_market(cluster)
    market.publish_days(cluster, now=now)
    headroom.publish_all(now=now)
    bookings.book(cluster, now=now, seed=seed)
    scenario = settings.BASE_DIR / "var" / "demo-scenario.json"
    scenario.write_text(json.dumps(traffic.scenario(cluster, seed=seed)))
    config = server.config(host=host, port=port)
    # uvicorn raises the signal again after its own orderly end; here it is the end, and the chargers end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as beside:
        beside.enter_context(_charge_points(scenario, host=host, port=port, speed=speed))
        if Meter.objects.filter(active=True).exists():
            beside.enter_context(_beside(["read_meters"], log="demo-meters.log"))
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run()


def _charge_points(
    scenario: Path, *, host: str, port: int, speed: float
) -> contextlib.AbstractContextManager[None]:
    name = f"[{host}]" if ":" in host else host
    command = [
        "simulate_chargers",
        *("--url", f"ws://{name}:{port}/ocpp", "--scenario", str(scenario)),
        *(
            "--keys",
            str(settings.BASE_DIR / "var" / "demo-keys.json"),
            "--speed",
            str(speed),
            "--every",
            "3600",
        ),
    ]
    return _beside(command, log="demo-chargers.log")


@contextlib.contextmanager
def _beside(arguments: list[str], *, log: str) -> Iterator[None]:
    """Run a management command as a process of its own that ends with this one."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    with contextlib.ExitStack() as stack:
        output = stack.enter_context((settings.BASE_DIR / "var" / log).open("w"))
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)  # noqa: S603
        try:
            yield
        finally:
            # A Ctrl-C of the terminal reached it too; a second signal would interrupt its orderly end.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.5)
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=WAIT_FOR_CHARGERS_S)
            if process.poll() is None:
                process.kill()
                process.wait()
