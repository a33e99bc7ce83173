"""`demo --smartcar=fake`: a local Smartcar server, and the demo again as a child that knows where it is."""

import json
import os
import signal
import subprocess
import sys
from types import FrameType

from django.conf import settings

from evbalancer.demo.run import DemoError

MARK = "EVB_LOCAL_SMARTCAR"
END_S = 20


def is_there() -> bool:
    return MARK in os.environ


def demo_beside_it(host: str, port: int) -> None:
    """Serve until the child ends. Raises DemoError where the local server is not in this install."""
    command = [sys.executable, "-m", "tests.fakesmartcar"]
    with subprocess.Popen(  # noqa: S603 (our own command line)
        command, cwd=settings.BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as smartcar:
        told = smartcar.stdout.readline() if smartcar.stdout is not None else ""
        if not told:
            raise DemoError(
                "The local Smartcar did not start; it comes with the source, not with the package."
            )
        try:
            _run_child(json.loads(told), host=host, port=port)
        finally:
            # It ends with its standard input.
            if smartcar.stdin is not None:
                smartcar.stdin.close()


def _run_child(environment: dict[str, str], *, host: str, port: int) -> None:
    name = f"[{host}]" if ":" in host else host
    back = {"SMARTCAR_REDIRECT_URI": f"http://{name}:{port}/auth/smartcar/callback", MARK: "1"}
    child = subprocess.Popen(  # noqa: S603 (our own command line)
        [sys.executable, *sys.argv], env={**os.environ, **environment, **back}
    )

    def pass_on(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    try:
        child.wait()
    except KeyboardInterrupt:
        # The terminal's Ctrl-C reached the child as well; its orderly end is waited for.
        child.wait(timeout=END_S)
