"""Open alarms and their history, the acknowledgement, and each person's own channels."""

from datetime import time
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from drivers.admin.person import person_of
from drivers.api.push import BrowserSerializer, keep_browser, target_in
from evbalancer.common.admin import scope
from evbalancer.common.admin.pages import ActForm, act_page, secret_page
from evbalancer.common.admin.theme import action, display
from evbalancer.common.security import push
from evbalancer.common.security.tenancy import request_access
from evbalancer.common.words.languages import language_choices
from grid.admin.ledger import LedgerAdmin
from scheduling.domain.alarms import channels
from scheduling.domain.alarms.ledger import acknowledge_alarm
from scheduling.enums import AlarmKind, ChannelKind
from scheduling.models import Alarm, AlarmChannel, AlarmNotice
from scheduling.models.alarm import NOTE

scope.declare(AlarmNotice, "alarm__community_id")
scope.declare(AlarmChannel, "user__memberships__community_id")
STATE_LABELS = {"open": "danger", "acknowledged": "warning", "over": "success"}


class AcknowledgeForm(ActForm):
    note = forms.CharField(
        **NOTE.options, label="What is done about it", help_text="Kept in the audit trail."
    )


@admin.register(Alarm)
class AlarmAdmin(LedgerAdmin):
    list_display = ("began_at", "state_word", "kind", "told", "community", "ended_at")
    list_filter = ("began_at", ("ended_at", admin.EmptyFieldListFilter), "kind", "cluster")
    search_fields = ("name",)
    list_select_related = ("community",)
    fields = (
        ("state_word", "kind"),
        "told",
        ("community", "cluster", "name"),
        ("began_at", "raised_at", "ended_at"),
        ("acknowledged_at", "acknowledged_by"),
        "note",
    )
    readonly_fields = ("told", "state_word")
    actions_detail = ("acknowledge",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Pending ones are nothing yet."""
        return super().get_queryset(request).filter(raised_at__isnull=False)

    @display(description="What")
    def told(self, alarm: Alarm) -> str:
        return alarm.told

    @display(description="State", label=STATE_LABELS)
    def state_word(self, alarm: Alarm) -> str:
        if alarm.ended_at is not None:
            return "over"
        return "open" if alarm.acknowledged_at is None else "acknowledged"

    @action(description="Acknowledge", url_path="acknowledge", icon="check", permissions=["act"])
    def acknowledge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        alarm = self.find_row(request, object_id, Alarm)

        def run(data: dict[str, Any]) -> str:
            acknowledge_alarm(alarm, by=request.user, note=data["note"], now=timezone.now())  # type: ignore[arg-type]  # signed in
            return gettext("Acknowledged. The alarm stays open until its cause is gone.")

        return act_page(
            self,
            request,
            row=alarm,
            title=gettext("Acknowledge this alarm"),
            intro=alarm.told,
            submit=gettext("Acknowledge"),
            form_class=AcknowledgeForm,
            run=run,
        )


def _languages() -> list[tuple[str, str]]:
    return [("", gettext("The server's")), *language_choices()]


class WishesForm(ActForm):
    kinds = forms.MultipleChoiceField(
        choices=AlarmKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all of them.",
    )
    quiet_from = forms.TimeField(
        required=False,
        label="Quiet from",
        widget=forms.TimeInput(attrs={"type": "time"}),
        help_text="On the clock of the community. Grave alarms come anyway.",
    )
    quiet_until = forms.TimeField(
        required=False, label="Quiet until", widget=forms.TimeInput(attrs={"type": "time"})
    )
    language = forms.ChoiceField(choices=_languages, required=False)


class ChannelForm(WishesForm):
    kind = forms.ChoiceField(choices=ChannelKind.choices, label="How")
    address = forms.CharField(
        max_length=500,
        required=False,
        help_text="Not for mail, and not for web push, which is for the browser before you. Webhook: its URL. ntfy: https://ntfy.sh/your-topic. Matrix: https://homeserver/#/!room:homeserver",
    )
    token = forms.CharField(
        max_length=500,
        required=False,
        label="Access token",
        help_text="Of ntfy or Matrix; stored encrypted.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    subscription = forms.JSONField(required=False, widget=forms.HiddenInput)
    field_order = ("kind", "address", "token")

    class Media:
        js = (forms.Script("dashboard/push_channel.js", type="module"),)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if push.is_set_up():
            self.fields["subscription"].widget.attrs["data-push-key"] = push.public_key()
        else:
            kinds = [choice for choice in ChannelKind.choices if choice[0] != ChannelKind.PUSH]
            self.fields["kind"].choices = kinds  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """What the browser says of itself is judged as the API does."""
        data = super().clean() or self.cleaned_data
        if data.get("kind") == ChannelKind.PUSH:
            body = BrowserSerializer(data=data.get("subscription") or {})
            if not body.is_valid():
                raise forms.ValidationError(
                    gettext("This browser does not allow messages, or has no way to show them.")
                )
            data["target"] = target_in(body.validated_data)
        return data


class ChangeForm(WishesForm):
    is_active = forms.BooleanField(required=False, label="Switched on")


@admin.register(AlarmChannel)
class AlarmChannelAdmin(LedgerAdmin):
    """Each person's own."""

    manager_may = frozenset({"view", "add"})
    operator_may = frozenset({"view", "add"})
    list_display = ("kind", "host", "user", "told_kinds", "is_active", "sent_at", "outcome", "disabled_at")
    fields = (
        ("kind", "host"),
        "told_kinds",
        ("is_active", "language"),
        ("sent_at", "outcome"),
        ("failures", "disabled_at"),
    )
    readonly_fields = ("told_kinds",)
    actions_detail = ("change_wishes", "trial", "remove")
    export_fields = ("kind", "host", "is_active", "sent_at", "outcome", "disabled_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Operators see whose channels work, though no address; only their owners act on them."""
        rows = AlarmChannel.objects.select_related("user")
        return rows if request_access(request).everywhere else rows.filter(user=request.user.pk)

    def own(self, request: HttpRequest, object_id: str) -> AlarmChannel:
        channel = self.find_row(request, object_id, AlarmChannel)
        if channel.user_id != request.user.pk:
            raise PermissionDenied
        return channel

    @display(description="Kinds")
    def told_kinds(self, channel: AlarmChannel) -> str:
        names = [str(AlarmKind(kind).label) for kind in channel.kinds]
        return ", ".join(names) or gettext("all")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied

        def run(data: dict[str, Any]) -> str | HttpResponse:
            where = {name: data[name] for name in ("kind", "address", "token")}
            if "target" in data:
                where["browser"] = keep_browser(request, data["target"])
            channel, secret = channels.add_channel(
                person_of(request), wishes=_wishes(data), now=timezone.now(), **where
            )
            if not secret:
                return gettext("Added. Send a test to see whether it works.")
            return secret_page(
                self,
                request,
                row=channel,
                title=gettext("Webhook added"),
                secrets=[(gettext("Secret that signs each message"), secret)],
                advice=gettext("Copy it now: it is not shown again."),
            )

        return act_page(
            self,
            request,
            row=None,
            title=gettext("Hear of alarms"),
            intro=gettext(
                "Alarms of the communities that you manage. Those that come together are one message."
            ),
            submit=gettext("Add"),
            form_class=ChannelForm,
            run=run,
        )

    @action(description="Change", url_path="change-wishes", icon="edit", permissions=["act"])
    def change_wishes(self, request: HttpRequest, object_id: str) -> HttpResponse:
        channel = self.own(request, object_id)
        initial = {
            "kinds": channel.kinds,
            "quiet_from": _clock(channel.quiet_from_min),
            "quiet_until": _clock(channel.quiet_until_min),
            "language": channel.language,
            "is_active": channel.is_active,
        }

        def run(data: dict[str, Any]) -> str:
            channels.change_channel(channel, wishes=_wishes(data), now=timezone.now())
            return gettext("Changed.")

        return act_page(
            self,
            request,
            row=channel,
            title=gettext("Change this channel"),
            submit=gettext("Save"),
            form_class=ChangeForm,
            form_options={"initial": initial},
            run=run,
        )

    @action(description="Send a test", url_path="trial", icon="send", permissions=["act"])
    def trial(self, request: HttpRequest, object_id: str) -> HttpResponse:
        channel = self.own(request, object_id)

        def run(data: dict[str, Any]) -> str:
            answer = channels.try_channel(channel, now=timezone.now())
            return (
                gettext("Sent: %(outcome)s.") % {"outcome": answer.outcome}
                if answer.is_taken
                else gettext("Not sent: %(outcome)s.") % {"outcome": answer.outcome}
            )

        return act_page(
            self,
            request,
            row=channel,
            title=gettext("Send a test"),
            submit=gettext("Send"),
            form_class=ActForm,
            run=run,
        )

    @action(description="Remove", url_path="remove", icon="delete", permissions=["act"])
    def remove(self, request: HttpRequest, object_id: str) -> HttpResponse:
        channel = self.own(request, object_id)

        def run(data: dict[str, Any]) -> str:
            channels.remove_channel(channel, now=timezone.now())
            return gettext("Removed.")

        return act_page(
            self,
            request,
            row=channel,
            title=gettext("Remove this channel"),
            submit=gettext("Remove"),
            dangerous=True,
            form_class=ActForm,
            back=reverse("admin:scheduling_alarmchannel_changelist"),
            run=run,
        )


@admin.register(AlarmNotice)
class AlarmNoticeAdmin(LedgerAdmin):
    """Who was notified of what, and when."""

    list_display = ("alarm", "is_end", "person", "how", "due_at", "sent_at")
    list_select_related = ("alarm", "channel__user")
    fields = ("alarm", "is_end", "person", "how", ("due_at", "sent_at"))
    readonly_fields = ("person", "how")

    @display(description="To")
    def person(self, notice: AlarmNotice) -> str:
        return str(notice.channel.user)

    @display(description="By")
    def how(self, notice: AlarmNotice) -> str:
        return notice.channel.get_kind_display()


def _wishes(data: dict[str, Any]) -> channels.Wishes:
    return channels.Wishes(
        kinds=data["kinds"],
        quiet_from_min=_minute(data["quiet_from"]),
        quiet_until_min=_minute(data["quiet_until"]),
        language=data["language"],
        is_active=data.get("is_active", True),
    )


def _minute(at: time | None) -> int | None:
    return None if at is None else at.hour * 60 + at.minute


def _clock(minute: int | None) -> time | None:
    return None if minute is None else time(minute // 60, minute % 60)
