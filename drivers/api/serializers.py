from typing import Any

from rest_framework import serializers
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.serializers import TokenObtainSerializer

from drivers.domain import drivers, tokens
from drivers.models import Driver, IdTag, Notification, Strike


class TokenPairSerializer(TokenObtainSerializer):
    """Name and password in, an access token (15 minutes) and a refresh token (once) out."""

    token_class = tokens.OnceToken
    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[Any, Any]:
        super().validate(attrs)
        return _pair(tokens.OnceToken.for_user(self.user))


class TokenRotateSerializer(serializers.Serializer[Any]):
    refresh = serializers.CharField(max_length=2000)
    access = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        try:
            refresh = tokens.OnceToken(attrs["refresh"])
        except TokenError as error:
            raise tokens.RefreshRefused("Sign in again.") from error
        return _pair(tokens.rotate(refresh))


def _pair(refresh: Any) -> dict[str, str]:
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    class Meta:
        model = Notification
        fields = ["id", "kind", "text", "created_at", "read_at"]
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
            "lifted_at",
            "decision",
        ]
        read_only_fields = fields


class DriverSerializer(serializers.ModelSerializer[Driver]):
    community_name = serializers.CharField(source="community.name", read_only=True)
    time_zone = serializers.CharField(source="community.time_zone", read_only=True)
    id_tags = IdTagSerializer(many=True, read_only=True)

    class Meta:
        model = Driver
        fields = [
            "id", "community_id", "community_name", "time_zone", "name", "email", "unit", "suspended_until", "id_tags",
        ]  # fmt: skip
        read_only_fields = fields
