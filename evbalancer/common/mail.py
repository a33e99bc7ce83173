"""Mail that leaves this server, if any does. Where it doesn't, no text may say that something is on its way."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any, Self

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.module_loading import import_string

from evbalancer.common.errors import DomainError

logger = logging.getLogger(__name__)

# These take a mail and deliver it to nobody.
KEEPING = ("dummy", "console", "filebased")
# Somebody waits for the answer, perhaps with a hundred guests on a list. Less than a request may take.
LONGEST_S = 20.0

# Beside the requests: a server that drips its answers holds a thread here, and nobody's request for longer than that.
_aside = ThreadPoolExecutor(max_workers=4, thread_name_prefix="mail")


@dataclass(frozen=True, slots=True)
class Mail:
    to: str
    subject: str
    text: str


class Reason(str):
    """Why a mail was not sent; empty if it was. `of_server`: it concerns all mails, and not this recipient alone."""

    __slots__ = ("of_server",)
    of_server: bool

    def __new__(cls, text: str, *, of_server: bool = False) -> Self:
        made = super().__new__(cls, text)
        made.of_server = of_server
        return made


SENT = Reason("")


def sends_mail() -> bool:
    backend = str(settings.EMAIL_BACKEND)
    is_set_up = getattr(import_string(backend), "is_set_up", None)
    if is_set_up is not None:
        return bool(is_set_up())
    if backend.endswith("smtp.EmailBackend"):
        return bool(settings.EMAIL_HOST)
    return not any(kind in backend for kind in KEEPING)


NO_TIME = Reason("the mail server took too long with the others", of_server=True)


def send(mails: Iterable[Mail]) -> list[Reason]:
    """Why each of them could not be sent; an empty text for those that the mail server took. Never raises for its faults."""
    mails = list(mails)
    reasons = [NO_TIME] * len(mails)
    try:
        # Made here: where it reads its settings from the database, it does so in the caller's transaction.
        connection = get_connection()
    except DomainError as error:
        return [Reason(error.detail, of_server=True)] * len(mails)
    wait([_aside.submit(_deliver, connection, mails, reasons)], timeout=LONGEST_S)
    told = list(reasons)
    if NO_TIME in told:
        logger.warning("The mail server took too long: %s of %s mails", told.count(NO_TIME), len(told))
    return told


def send_aside(mails: Sequence[Mail]) -> Reason:
    """Reach the mail server now, even for no mail, and send beside the request: nobody learns from the time whether there was one.

    Returns why it can't be reached; the log has the mails that it refuses later.
    """
    try:
        opening = _aside.submit(_opened, get_connection())
    except DomainError as error:
        return Reason(error.detail, of_server=True)
    try:
        connection = opening.result(timeout=LONGEST_S)
    except (SMTPException, OSError) as error:  # among them that of the result's own patience
        logger.warning("The mail server can't be reached: %s", why(error))
        opening.add_done_callback(_close)
        return reason_of(error)
    _aside.submit(_send_over, connection, mails, [SENT] * len(mails))
    return SENT


def run_aside(talk: Callable[[], None]) -> None:
    """Talk to a mail server beside the request. Raises what `talk` raises, and TimeoutError when it takes too long."""
    _aside.submit(talk).result(timeout=LONGEST_S)


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


def one_line(subject: str) -> str:
    """A header is one line, and a name of long ago may have been two."""
    return " ".join(subject.split())


def reason_of(error: Exception) -> Reason:
    return Reason(why(error), of_server=not isinstance(error, (SMTPRecipientsRefused, ValueError)))


def _opened(connection: Any) -> Any:
    connection.open()
    return connection


def _close(opening: Future[Any]) -> None:
    """Of what was opened too late for anybody."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _deliver(connection: Any, mails: Sequence[Mail], reasons: list[Reason]) -> None:
    """Put the verdict on each mail into `reasons` as it is known."""
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        logger.warning("The mail server can't be reached for %s mails: %s", len(mails), why(error))
        reasons[:] = [reason_of(error)] * len(mails)
        return
    _send_over(connection, mails, reasons)


def _send_over(connection: Any, mails: Sequence[Mail], reasons: list[Reason]) -> None:
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


def _try(connection: Any, mail: Mail) -> Reason:
    try:
        EmailMessage(one_line(mail.subject), mail.text, None, [mail.to], connection=connection).send()
    except (SMTPException, OSError, ValueError) as error:
        return reason_of(error)
    return SENT


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
