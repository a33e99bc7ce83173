"""The mail server of this install: of the environment, or of the back office; and whether it takes mails."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any, Final

from django.conf import settings
from django.core.mail import send_mail
from django.core.mail.backends.smtp import EmailBackend
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from drivers.domain.mailing.mail_trial import Trial
from drivers.models import MailServer
from drivers.models.mail_server import THE_ONE, Encryption
from evbalancer.common import mail
from evbalancer.common.mail import SENT, Mail, Reason
from evbalancer.common.security.encryption import KeyMissing, decrypt

# A success is written down so often at most: hundreds of mails go out after a cut.
NOTED_EVERY: Final = timedelta(minutes=1)


class StoredServerBackend(EmailBackend):
    """Django's SMTP, to the server of the back office. Raises KeyMissing where its password can't be read."""

    def __init__(self, *args: Any, **options: Any) -> None:
        row = read_mail_server()
        super().__init__(
            fail_silently=options.get("fail_silently", False),
            host=row.host,
            port=row.port,
            username=row.username,
            password=decrypt(row.password_encrypted) if row.password_encrypted else "",
            use_tls=row.encryption == Encryption.STARTTLS,
            use_ssl=row.encryption == Encryption.TLS,
            timeout=settings.EMAIL_TIMEOUT,
        )
        self.sender = row.sender

    @classmethod
    def is_set_up(cls) -> bool:
        return MailServer.objects.exclude(host="").exists()

    def send_messages(self, email_messages: Sequence[Any]) -> int:
        for message in email_messages:
            if message.from_email == settings.DEFAULT_FROM_EMAIL:
                message.from_email = self.sender
        return super().send_messages(email_messages)


def read_mail_server() -> MailServer:
    """As it is stored, or an empty one."""
    return MailServer.objects.filter(pk=THE_ONE).first() or MailServer()


def ensure_mail_server() -> MailServer:
    """The row that the back office edits."""
    return MailServer.objects.get_or_create(pk=THE_ONE)[0]


def deliver_mails(mails: Iterable[Mail]) -> list[Reason]:
    """Send them, and note how that went. Returns why each could not be sent, empty for those that were taken."""
    reasons = mail.send(mails)
    for reason in sorted(set(reasons), key=lambda each: each.of_server):
        note_mail_outcome(reason, now=timezone.now())
    return reasons


def deliver_mail(told: Mail, *, now: datetime) -> Reason:
    """Send one in this thread, as periodic work does, and note how that went. Returns why it was not taken, empty if it was."""
    reason = SENT
    try:
        send_mail(mail.one_line(told.subject), told.text, None, [told.to])
    except (SMTPException, OSError, KeyMissing) as error:
        reason = mail.reason_of(error)
    note_mail_outcome(reason, now=now)
    return reason


def note_mail_outcome(reason: Reason, *, now: datetime) -> None:
    """Keep since when mails fail, and why. One recipient who is refused says nothing of the server."""
    rows = MailServer.objects.filter(pk=ensure_mail_server().pk)
    if reason.of_server:
        rows.update(failing_since=Coalesce("failing_since", now), problem=str(reason)[:200])
    elif not reason:
        is_news = (
            Q(failing_since__isnull=False) | Q(last_sent_at=None) | Q(last_sent_at__lt=now - NOTED_EVERY)
        )
        rows.filter(is_news).update(failing_since=None, problem="", last_sent_at=now)


def note_trial(trial: Trial) -> None:
    """A test mail says as much as any other."""
    answer = trial.steps[-1][1] if trial.steps else ""
    note_mail_outcome(SENT if trial.is_taken else Reason(answer, of_server=True), now=timezone.now())


def mail_trouble() -> MailServer | None:
    """The server, where its last mail was not taken."""
    return MailServer.objects.filter(failing_since__isnull=False).first()
