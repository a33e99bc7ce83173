from typing import Any

from django.db import models

from evbalancer.common.words.choices import WordedChoices

THE_ONE = 1


class Encryption(WordedChoices):
    STARTTLS = "starttls", "STARTTLS (usually port 587)"
    TLS = "tls", "TLS from the first byte (usually port 465)"
    NONE = "none", "None (only inside your own network)"


class MailServer(models.Model):
    """The one mail server of this install, as set in the back office, and how sending goes. EMAIL_HOST takes precedence."""

    id: Any = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE, editable=False)
    host = models.CharField(max_length=200, blank=True, help_text="Empty: this server sends no mail.")
    port = models.PositiveIntegerField(default=587)
    encryption = models.CharField(
        max_length=10, choices=Encryption.choices, default=Encryption.STARTTLS, verbose_name="encryption"
    )
    username = models.CharField(max_length=200, blank=True, verbose_name="user name")
    password_encrypted = models.TextField(blank=True, editable=False)
    sender = models.EmailField(blank=True, help_text="The address that mails come from.")
    last_sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    problem = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "mail server"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(id=THE_ONE),
                name="mail_server_one",
                violation_error_message="This install has one mail server.",
            ),
            models.CheckConstraint(
                condition=models.Q(host="") | ~models.Q(sender=""),
                name="mail_server_has_sender",
                violation_error_message="Enter the address that mails come from.",
            ),
            models.CheckConstraint(
                condition=models.Q(port__gte=1, port__lte=65535),
                name="mail_server_port",
                violation_error_message="A port is a number from 1 to 65535.",
            ),
        ]

    def __str__(self) -> str:
        return self.host or "No mail server"
