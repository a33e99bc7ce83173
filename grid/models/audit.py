from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from evbalancer.common.clocks import clock
from evbalancer.common.db.fields import UUIDModel
from grid.enums import ActorKind


class AppendOnlyError(RuntimeError):
    """An attempt to change history."""


class AuditEntry(UUIDModel):
    """Who did what to what, why, and what it was before. Written in the transaction of the act itself."""

    community = models.ForeignKey(
        "grid.Community",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(max_length=150)
    action = models.CharField(max_length=64)
    target_kind = models.CharField(max_length=64)
    target_id = models.CharField(max_length=64)
    target_label = models.CharField(max_length=200)
    before = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "audit trail"
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["community", "-at"], name="audit_newest_by_community"),
            models.Index(fields=["target_kind", "target_id"], name="audit_by_target"),
        ]

    def __str__(self) -> str:
        return f"{clock.named(self.at, '%F %T')} {self.actor_label} {self.action} {self.target_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("The audit trail is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError("The audit trail is append-only")


class IdempotencyKey(UUIDModel):
    """The answer already given to a request: the same key and body get it again, another body gets 409."""

    scope = models.CharField(max_length=80, help_text="Who asked for what: user id and route.")
    key = models.CharField(max_length=80)
    request_digest = models.CharField(max_length=64)
    response_status = models.PositiveSmallIntegerField()
    response_body = models.JSONField(encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "key"], name="idempotency_key_once_per_scope")
        ]

    def __str__(self) -> str:
        return self.key
