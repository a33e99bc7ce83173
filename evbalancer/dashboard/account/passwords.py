"""A forgotten password: a link by mail to whoever has the address. No answer says whether an address is known."""

from typing import Any

from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext

from drivers.domain.accounts import set_new_password
from drivers.domain.mailing.mail_server import note_mail_outcome
from evbalancer.common import mail
from evbalancer.common.security import lockout


class AddressForm(PasswordResetForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mails: list[mail.Mail] = []

    def send_mail(  # noqa: PLR0917 (Django's signature)
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        """Keep it: whether there is one to send must not be felt in the time that the answer takes."""
        subject = render_to_string(subject_template_name, context)
        self.mails.append(mail.Mail(to_email, subject, render_to_string(email_template_name, context)))


class Forgotten(auth_views.PasswordResetView):
    template_name = "dashboard/password_forgotten.html"
    form_class = AddressForm
    subject_template_name = "dashboard/password_subject.txt"
    email_template_name = "dashboard/password_mail.txt"
    success_url = reverse_lazy("password-link-sent")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, sends_mail=mail.sends_mail())

    def form_valid(self, form: Any) -> HttpResponse:
        if not mail.sends_mail():
            return self.form_invalid(form)
        address = lockout.address_of(self.request)
        try:
            lockout.asking_for_mail(form.cleaned_data["email"], address)
        except lockout.LockedOut:
            form.add_error(None, gettext("Too many mails were requested. Try again in 15 minutes."))
            return self.form_invalid(form)
        answer = super().form_valid(form)
        trouble = mail.send_aside(form.mails)
        note_mail_outcome(trouble, now=timezone.now())
        if trouble:
            form.add_error(
                None, gettext("The mail server can't be reached, so no mail was sent. Try again later.")
            )
            return self.form_invalid(form)
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=400)


class LinkSent(auth_views.PasswordResetDoneView):
    template_name = "dashboard/password_sent.html"


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]  # it can't be subscripted when the code runs
    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 (Django's signature)
        set_new_password(self.user, self.cleaned_data["new_password1"], now=timezone.now())
        return self.user


class NewPassword(auth_views.PasswordResetConfirmView):
    template_name = "dashboard/password_new.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("password-changed")

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        lockout.forget_errors(form.user.get_username(), lockout.address_of(self.request))
        return answer


class Changed(auth_views.PasswordResetCompleteView):
    template_name = "dashboard/password_changed.html"
