"""Mail that was not sent is never called sent: whoever asked hears why."""

import logging
import time

import pytest

from evbalancer.common import mail
from evbalancer.common.loopback import free_port
from evbalancer.common.mail import Mail, send, sends_mail
from tests.fakesmtp import REFUSED, dripping_server, mail_server, point_at

ADA = Mail("ada@example.org", "Charging at Maple\nCourt", "Hello")


def test_mails_go_over_one_connection_and_each_has_its_verdict(settings):
    with mail_server(settings) as kept:
        assert send([ADA, Mail(REFUSED, "Hello", "Hello"), ADA]) == ["", "550 No such mailbox here", ""]
    assert [(each["To"], each["Subject"]) for each in kept] == [
        ("ada@example.org", "Charging at Maple Court")
    ] * 2


def test_server_that_is_away_is_the_reason_of_each(settings, caplog):
    point_at(settings, free_port())
    with caplog.at_level(logging.WARNING, mail.__name__):
        assert send([ADA, ADA]) == ["Connection refused"] * 2
    assert "ada@" not in caplog.text


def test_who_comes_too_late_on_a_list_is_told(settings, monkeypatch):
    monkeypatch.setattr(mail, "LONGEST_S", -1)
    with mail_server(settings):
        assert send([ADA]) == [mail.NO_TIME]


def test_server_that_drips_keeps_nobody_waiting(settings, monkeypatch):
    monkeypatch.setattr(mail, "LONGEST_S", 0.5)
    began = time.monotonic()
    with dripping_server(settings):
        assert send([ADA, ADA]) == [mail.NO_TIME] * 2
        assert mail.send_aside([ADA]).of_server
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("backend", "host", "sends"),
    [("smtp", "smtp.example.org", True), ("smtp", "", False), ("dummy", "", False), ("console", "", False)],
)
def test_server_knows_whether_it_sends_mail(settings, backend, host, sends):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = f"django.core.mail.backends.{backend}.EmailBackend", host
    assert sends_mail() is sends


def test_refused_recipient_is_no_fault_of_the_server(settings):
    with mail_server(settings):
        [refused] = send([Mail(REFUSED, "Hello", "Hello")])
    assert (refused, refused.of_server) == ("550 No such mailbox here", False)
    point_at(settings, free_port())
    [away] = send([ADA])
    assert away.of_server
