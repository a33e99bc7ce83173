"""Mail that leaves this server, if any does. Where it doesn't, no text may say that something is on its way."""

import logging
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

logger = logging.getLogger(__name__)

# These take a mail and deliver it to nobody.
KEEPING = ("dummy", "console", "filebased")
# Somebody waits for the answer, perhaps with a hundred guests on a list. Less than a request may take.
LONGEST_S = 20.0
NO_TIME = "the mail server took too long with the others"

# Beside the requests: a server that drips its answers holds a thread here, and nobody's request for longer than that.
_aside = ThreadPoolExecutor(max_workers=4, thread_name_prefix="mail")


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
    reasons = [NO_TIME] * len(mails)
    wait([_aside.submit(_deliver, mails, reasons)], timeout=LONGEST_S)
    told = list(reasons)
    if NO_TIME in told:
        logger.warning("The mail server took too long: %s of %s mails", told.count(NO_TIME), len(told))
    return told


def send_aside(mails: Sequence[Mail]) -> bool:
    """Reach the mail server now, even for no mail, and send beside the request: nobody learns from the time whether there was one.

    False if it can't be reached; the log has the mails that it refuses later.
    """
    opening = _aside.submit(_opened)
    try:
        connection = opening.result(timeout=LONGEST_S)
    except (SMTPException, OSError) as error:  # among them that of the result's own patience
        logger.warning("The mail server can't be reached: %s", why(error))
        opening.add_done_callback(_close)
        return False
    _aside.submit(_send_over, connection, mails, [""] * len(mails))
    return True


def why(error: Exception) -> str:
    """The server's own words in one line that helps a person, without addresses."""
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


def _close(opening: Future[Any]) -> None:
    """Of what was opened too late for anybody."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _deliver(mails: Sequence[Mail], reasons: list[str]) -> None:
    """Put the verdict on each mail into `reasons` as it is known."""
    try:
        connection = _opened()
    except (SMTPException, OSError) as error:
        logger.warning("The mail server can't be reached for %s mails: %s", len(mails), why(error))
        reasons[:] = [why(error)] * len(mails)
        return
    _send_over(connection, mails, reasons)


def _send_over(connection: Any, mails: Sequence[Mail], reasons: list[str]) -> None:
    until = time.monotonic() + LONGEST_S
    try:
        for number, mail in enumerate(mails):
            if time.monotonic() > until:
                return
            reasons[number] = _try(connection, mail)
            if reasons[number]:
                logger.warning("A mail was not sent: %s", reasons[number])
    finally:
        connection.close()


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
