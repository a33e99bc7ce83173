from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.serializers import TokenObtainSerializer

from drivers.domain import drivers, invitations, standing, tokens
from drivers.domain.sign_in.factors import check_second_factor, has_second_factor
from drivers.domain.sign_in.sign_ins import note_sign_in
from drivers.enums import NotificationKind, Role
from drivers.models import Driver, IdTag, Invitation, Notification, Preference, SignIn, Strike, User, Webhook
from drivers.models.notification import DAY_MIN
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security import lockout
from evbalancer.common.web.languages import LanguageField
from evbalancer.common.web.strict import StrictMixin, StrictSerializer
from evbalancer.common.words.inputs import REASON_FOR_DRIVER, column_rules
from evbalancer.common.words.said import Said
from evbalancer.common.words.sayings import SaidSerializer


class TokenPairSerializer(StrictMixin, TokenObtainSerializer):
    """Name and password in, an access token (15 minutes) and a refresh token (once) out.

    Whoever has a second factor sends its code, too, or a recovery code.
    """

    token_class = tokens.OnceToken
    code = serializers.CharField(max_length=40, required=False, allow_blank=True, write_only=True)
    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[Any, Any]:
        request = self.context.get("request")
        with lockout.judging(lockout.name_of(attrs[self.username_field]), lockout.address_of(request)):
            super().validate(attrs)
            _check_code(self.user, attrs.get("code", ""))
        assert self.user is not None  # noqa: S101 (the check of the password raises without one)
        refresh = tokens.OnceToken.for_user(self.user)
        note_sign_in(
            self.user,
            kind=SignIn.Kind.APP,
            key=refresh["jti"],
            device=request.headers.get("User-Agent", "") if request is not None else "",
            address=lockout.address_of(request),
            now=timezone.now(),
        )
        return pair(refresh)


def _check_code(user: Any, code: str) -> None:
    """A missing or wrong code counts as a wrong password does. Raises AuthenticationFailed."""
    if not has_second_factor(user):
        return
    if not code:
        raise AuthenticationFailed(
            gettext("This account has a second factor: send its code as `code`."), code="second_factor_needed"
        )
    try:
        check_second_factor(user, code, now=timezone.now())
    except InvalidInput as refusal:
        raise AuthenticationFailed(refusal.detail, code="second_factor_wrong") from refusal


class TokenRotateSerializer(StrictSerializer):
    refresh = serializers.CharField(max_length=2000)
    access = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        try:
            refresh = tokens.OnceToken(attrs["refresh"])
        except TokenError as error:
            raise tokens.RefreshRefused(Said("refusal.sign_in_again")) from error
        return pair(tokens.rotate_refresh(refresh))


def pair(refresh: Any) -> dict[str, str]:
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    text = serializers.CharField(source="told", read_only=True, help_text="In the reader's language.")
    said = SaidSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Notification
        fields = ["id", "kind", "text", "said", "created_at", "read_at"]
        read_only_fields = fields


class IdTagSerializer(serializers.ModelSerializer[IdTag]):
    token = serializers.SerializerMethodField(help_text="Masked: the last two characters.")

    class Meta:
        model = IdTag
        fields = ["id", "kind", "token", "blocked_at", "expires_at"]
        read_only_fields = fields

    def get_token(self, tag: IdTag) -> str:
        return drivers.mask_token(tag.token)


class StrikeSerializer(serializers.ModelSerializer[Strike]):
    decision = serializers.CharField(
        source="decision_told",
        read_only=True,
        help_text="In the reader's language; a manager's words as they are.",
    )
    decision_said = SaidSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Strike
        fields = [
            "id",
            "kind",
            "evidence",
            "given_at",
            "lapses_at",
            "appeal",
            "appealed_at",
            "appeal_decided_at",
            "lifted_at",
            "decision",
            "decision_said",
        ]
        read_only_fields = fields


class DriverSerializer(serializers.ModelSerializer[Driver]):
    community_name = serializers.CharField(source="community.name", read_only=True)
    time_zone = serializers.CharField(source="community.time_zone", read_only=True)
    id_tags = IdTagSerializer(many=True, read_only=True)
    flat_id = serializers.UUIDField(read_only=True, allow_null=True)
    flat_name = serializers.CharField(source="flat.name", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Driver
        fields = [
            "id", "community_id", "community_name", "time_zone", "name", "email", "unit", "flat_id", "flat_name",
            "suspended_until", "id_tags",
        ]  # fmt: skip
        read_only_fields = fields


class GuestSerializer(StrictSerializer):
    name = serializers.CharField(**invitations.NAME.options)
    email = serializers.EmailField(**invitations.EMAIL)
    unit = serializers.CharField(**invitations.UNIT.options, required=False, allow_blank=True, default="")
    flat = serializers.CharField(
        max_length=80, required=False, allow_blank=True, default="", help_text="Its name."
    )
    role = serializers.ChoiceField(
        choices=Role.choices, default=Role.DRIVER, help_text="Only operators invite managers."
    )
    community_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class GuestListSerializer(StrictSerializer):
    """CSV with the columns name, email and, if wanted, unit and flat."""

    csv = serializers.CharField(max_length=200_000, trim_whitespace=False)
    community_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class GuestFileSerializer(StrictSerializer):
    """The same list as a file: CSV, or an Excel workbook (.xlsx)."""

    file = serializers.FileField(allow_empty_file=True)
    community_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    community_id = serializers.UUIDField(read_only=True)
    driver_id = serializers.UUIDField(read_only=True, allow_null=True)

    class Meta:
        model = Invitation
        fields = [
            "id", "community_id", "name", "email", "unit", "role", "created_at", "expires_at", "accepted_at", "revoked_at",
            "driver_id",
        ]  # fmt: skip
        read_only_fields = fields


class InvitedSerializer(InvitationSerializer):
    """With the code that opens the account, which is seen only now."""

    token = serializers.CharField(read_only=True)
    mailed = serializers.BooleanField(
        read_only=True, help_text="The mail server took it. If not, hand the code over."
    )
    mail_problem = serializers.CharField(
        read_only=True, help_text="Why the mail could not be sent; empty where none is."
    )

    class Meta(InvitationSerializer.Meta):
        fields = [*InvitationSerializer.Meta.fields, "token", "mailed", "mail_problem"]
        read_only_fields = fields


class AcceptSerializer(StrictSerializer):
    token = serializers.CharField(max_length=100)
    username = serializers.CharField(validators=column_rules(User, "username"))
    password = serializers.CharField(max_length=128, trim_whitespace=False)


class JoinSerializer(StrictSerializer):
    token = serializers.CharField(max_length=100)


class PairSerializer(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()


class PreferenceSerializer(StrictMixin, serializers.ModelSerializer[Preference]):
    mail_kinds = serializers.ListField(child=serializers.ChoiceField(choices=NotificationKind.choices))
    push_kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=NotificationKind.choices),
        required=False,
        help_text="Kinds that the driver's browsers show; unchanged if left out.",
    )
    quiet_from_min = serializers.IntegerField(
        min_value=0, max_value=DAY_MIN - 1, allow_null=True, default=None
    )
    quiet_until_min = serializers.IntegerField(
        min_value=0, max_value=DAY_MIN - 1, allow_null=True, default=None
    )
    language = LanguageField(
        allow_blank=True,
        required=False,
        help_text="In which notifications and mails are written; the server's if empty, unchanged if left out.",
    )

    shows_amps = serializers.BooleanField(required=False, help_text="Limits in A instead of kW on `/my`.")
    usual_wh = serializers.IntegerField(
        min_value=1_000,
        max_value=200_000,
        allow_null=True,
        required=False,
        help_text="What a new wish on `/my` begins with.",
    )
    usual_ready_min = serializers.IntegerField(
        min_value=0,
        max_value=DAY_MIN - 1,
        allow_null=True,
        required=False,
        help_text="When a new wish on `/my` is to be ready, in minutes after local midnight.",
    )

    class Meta:
        model = Preference
        fields = [
            "mail_kinds", "push_kinds", "quiet_from_min", "quiet_until_min", "language", "shows_amps", "usual_wh",
            "usual_ready_min",
        ]  # fmt: skip

    def to_representation(self, preference: Preference) -> dict[str, Any]:
        shown = super().to_representation(preference)
        if preference.push_kinds is None:
            shown["push_kinds"] = list(NotificationKind.values)
        return shown


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    class Meta:
        model = Webhook
        fields = ["id", "url", "kinds", "failures", "disabled_at", "created_at"]
        read_only_fields = fields


class WebhookWriteSerializer(StrictSerializer):
    url = serializers.CharField(max_length=500)
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=NotificationKind.choices), required=False, default=list
    )


class WebhookMadeSerializer(WebhookSerializer):
    """With the secret that signs each message, which is seen only now."""

    secret = serializers.CharField(read_only=True)

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class AppealSerializer(StrictSerializer):
    text = serializers.CharField(**standing.APPEAL.options)


class AppealVerdictSerializer(StrictSerializer):
    lift = serializers.BooleanField()
    decision = serializers.CharField(**REASON_FOR_DRIVER.options)
