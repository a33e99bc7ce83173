import socket

import pytest

from evbalancer.common import loopback
from evbalancer.common.loopback import free_port


def test_free_port_is_one_on_which_a_server_can_listen():
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))
        server.listen()


def test_port_that_is_taken_is_never_found(monkeypatch):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        taken = server.getsockname()[1]
        monkeypatch.setattr(loopback, "FIRST", taken)
        monkeypatch.setattr(loopback, "LAST", taken)
        with pytest.raises(OSError, match="is free"):
            free_port()
