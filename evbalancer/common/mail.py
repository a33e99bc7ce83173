"""Mail that leaves this server, if any does. Where it doesn't, no text may say that something is on its way."""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

logger = logging.getLogger(__name__)

# These take a mail and deliver it to nobody.
KEEPING = ("dummy", "console", "filebased")
# Somebody waits for the answer, perhaps with a hundred guests on a list.
LONGEST_S = 20.0
NO_TIME = "the mail server took too long with the others"

_aside = ThreadPoolExecutor(max_workers=2, thread_name_prefix="mail")
# A server that hangs must not collect requests: what can't be handed to it soon is not promised.
_waiting = threading.BoundedSemaphore(20)


@dataclass(frozen=True, slots=True)
class Mail:
    to: str
    subject: str
    text: str


def sends_mail() -> bool:
    backend = str(settings.EMAIL_BACKEND)
    if backend.endswith("smtp.EmailBackend"):
        return bool(settings.EMAIL_HOST)
    return not any(kind in backend for kind in KEEPING)


def send(mails: Iterable[Mail]) -> list[str]:
    """Why each of them could not be sent; an empty text for those that the mail server took. Never raises for its faults."""
    mails = list(mails)
    try:
        connection = _opened()
    except (SMTPException, OSError) as error:
        logger.warning("The mail server can't be reached for %s mails: %s", len(mails), why(error))
        return [why(error)] * len(mails)
    return _sent(connection, mails)


def send_aside(mails: Sequence[Mail]) -> bool:
    """Reach the mail server now, even for no mail, and send beside the request: nobody learns from the time whether there was one.

    False if it can't be reached; what it does not take later is in the log.
    """
    if not _waiting.acquire(blocking=False):
        logger.warning("The mail server is too slow: %s mails were not sent", len(mails))
        return False
    try:
        connection = _opened()
    except (SMTPException, OSError) as error:
        _waiting.release()
        logger.warning("The mail server can't be reached: %s", why(error))
        return False
    _aside.submit(_sent, connection, mails).add_done_callback(lambda _: _waiting.release())
    return True


def why(error: Exception) -> str:
    """What a person can do something with: the server's own words in one line, without addresses."""
    if isinstance(error, SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        words = f"{code} {_text(said)}"
    elif isinstance(error, SMTPResponseException):
        words = f"{error.smtp_code} {_text(error.smtp_error)}"
    elif isinstance(error, OSError) and error.strerror:
        words = error.strerror
    else:
        words = str(error) or type(error).__name__
    return " ".join(words.split())[:200]


def _opened() -> Any:
    connection = get_connection()
    connection.open()
    return connection


def _sent(connection: Any, mails: Sequence[Mail]) -> list[str]:
    until = time.monotonic() + LONGEST_S
    reasons = []
    try:
        for mail in mails:
            reason = NO_TIME if time.monotonic() > until else _try(connection, mail)
            if reason:
                logger.warning("A mail was not sent: %s", reason)
            reasons.append(reason)
    finally:
        connection.close()
    return reasons


def _try(connection: Any, mail: Mail) -> str:
    # A header is one line, and a name of long ago may have been two.
    subject = " ".join(mail.subject.split())
    try:
        EmailMessage(subject, mail.text, None, [mail.to], connection=connection).send()
    except (SMTPException, OSError, ValueError) as error:
        return why(error)
    return ""


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
