"""How people get in: what they signed in with, from where, and the second factors that they showed to have."""

from django.conf import settings
from django.db import models

from evbalancer.common.db.fields import TenantModel
from evbalancer.common.words.choices import WordedChoices


class SignIn(models.Model):
    """A browser's session or an app's tokens that are open. A row that is gone has ended."""

    class Kind(WordedChoices):
        BROWSER = "browser", "Browser"
        APP = "app", "App"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    key_digest = models.CharField(max_length=64, unique=True, editable=False)
    device = models.CharField(max_length=80, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    begun_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.user}, {self.device or self.get_kind_display()}"


class Authenticator(models.Model):
    """An app that shows codes (RFC 6238), confirmed by a first code. Its secret is encrypted at rest."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="authenticator"
    )
    secret_encrypted = models.TextField(editable=False)
    last_step = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Of the last code that was used: each works once."
    )
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Authenticator of {self.user}"


class Passkey(models.Model):
    """A key pair of a device, which signs for this host alone. The public half is kept, as WebAuthn writes it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=60, blank=True)
    credential_id = models.CharField(max_length=1400, unique=True, editable=False)
    credential = models.TextField(editable=False)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.name or f"Passkey of {self.user}"


class RecoveryCode(models.Model):
    """Stands in for an authenticator that is lost, once: a used one is gone."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes"
    )
    code_digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Recovery code of {self.user}"


class SignInRule(TenantModel):
    """What a community asks of its managers when they sign in."""

    community = models.OneToOneField("grid.Community", on_delete=models.PROTECT, related_name="sign_in_rule")
    managers_need_second_factor = models.BooleanField(
        default=False,
        help_text="Managers without one keep their account, and manage nothing until they have set it up.",
    )

    def __str__(self) -> str:
        return f"Sign-in rule of {self.community}"
