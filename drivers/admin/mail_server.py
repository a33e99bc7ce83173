from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.mail import get_connection
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext, gettext_lazy

from drivers.domain.mailing.mail_server import ensure_mail_server, note_trial
from drivers.domain.mailing.mail_trial import Trial, try_mail_server
from drivers.models import MailServer
from evbalancer.common.admin.fields import SecretField
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.panels import page_of
from evbalancer.common.admin.policy import NOBODY
from evbalancer.common.admin.theme import action, display
from evbalancer.common.admin.wording import NOTHING, ago
from evbalancer.common.errors import InvalidInput
from evbalancer.common.mail import sends_mail
from grid.admin.audited import AuditedAdmin, AuditedForm


class MailServerForm(AuditedForm):
    password = SecretField(column="password_encrypted", label=gettext_lazy("Password"))


class TrialForm(ActForm):
    to = forms.EmailField(label=gettext_lazy("Send it to"))


@admin.register(MailServer)
class MailServerAdmin(AuditedAdmin):
    """One row, for operators. With EMAIL_HOST in the environment it is only looked at."""

    form = MailServerForm
    manager_may = NOBODY
    operator_may = frozenset({"view", "change"})
    list_display = ("host", "state")
    readonly_fields = ("state", "last_mail")
    fieldsets = (
        (None, {"fields": (("host", "port"), "encryption", ("username", "password"), "sender")}),
        (gettext_lazy("How it goes"), {"fields": ("state", "last_mail")}),
    )
    actions_detail = ("send_test_mail",)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if self.has_view_permission(request):
            ensure_mail_server()
        return super().changelist_view(request, extra_context)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not settings.EMAIL_HOST and super().has_change_permission(request, obj)

    @display(description=gettext_lazy("State"))
    def state(self, row: MailServer) -> str:
        if row.failing_since is not None:
            return gettext("Fails, first %(ago)s: %(why)s") % {
                "ago": ago(row.failing_since),
                "why": row.problem,
            }
        if settings.EMAIL_HOST:
            return gettext("EMAIL_HOST of the environment is used (%(host)s), and nothing of this page.") % {
                "host": settings.EMAIL_HOST
            }
        return gettext("Mails are sent.") if sends_mail() else gettext("No mail is sent: there is no host.")

    @display(description=gettext_lazy("Last mail"))
    def last_mail(self, row: MailServer) -> str:
        return NOTHING if row.last_sent_at is None else ago(row.last_sent_at)

    @action(description=gettext_lazy("Send a test mail"), url_path="test", icon="send", permissions=["view"])
    def send_test_mail(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.find_row(request, object_id, MailServer)

        def run(data: dict[str, Any]) -> HttpResponse:
            if not (settings.EMAIL_HOST or row.host):
                raise InvalidInput("to", gettext("Enter the mail server first, and save it."))
            backend = get_connection()
            sender = getattr(backend, "sender", "") or settings.DEFAULT_FROM_EMAIL
            trial = try_mail_server(backend, sender=sender, to=data["to"])
            note_trial(trial)
            return self._tried(request, row, trial, to=data["to"])

        return act_page(
            self,
            request,
            row=row,
            title=gettext("Send a test mail"),
            intro=gettext("It goes out with the saved settings, and you read every answer of the server."),
            form_class=TrialForm,
            form_options={"initial": {"to": getattr(request.user, "email", "")}},
            run=run,
        )

    def _tried(self, request: HttpRequest, row: MailServer, trial: Trial, *, to: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "original": row,
            "title": gettext("The mail server took the mail")
            if trial.is_taken
            else gettext("The mail was not sent"),
            "trial": trial,
            "to": to,
            "back": page_of(row),
        }
        return TemplateResponse(request, "admin/mail_trial.html", context)
