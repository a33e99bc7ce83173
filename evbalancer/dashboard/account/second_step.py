"""Signing in with a second factor: nobody is signed in between the password and the code."""

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib.auth import login
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from drivers.domain.sign_in.factors import check_second_factor, has_authenticator, has_second_factor
from drivers.domain.sign_in.passkeys import begin_check, check_passkey
from drivers.models import User
from evbalancer.common.errors import DomainError
from evbalancer.common.security import lockout
from evbalancer.dashboard.account.invited import BACKEND

HALF: Final = "half-signed-in"
CHALLENGE: Final = "passkey-challenge"
LASTS: Final = timedelta(minutes=10)


class TwoSteps(LoginView):
    """Django's sign-in, whose password is the first step for whoever has a second factor."""

    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        if not has_second_factor(user):
            return super().form_valid(form)
        # As long as the password stays what it is, and not for long.
        self.request.session[HALF] = {
            "user": user.pk,
            "hash": user.get_session_auth_hash(),
            "until": (timezone.now() + LASTS).timestamp(),
            "next": self.get_success_url(),
        }
        return redirect("second-step")


class PasskeyField(forms.JSONField):
    """The browser's answer, which its script puts here."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False)

    def to_python(self, value: Any) -> Any:
        answer = super().to_python(value)
        return answer if isinstance(answer, dict) else {}


class CodeForm(forms.Form):
    passkey = PasskeyField()
    code = forms.CharField(
        required=False,
        max_length=40,
        label=gettext_lazy("Code"),
        help_text=gettext_lazy("Six digits from your authenticator app, or one of your recovery codes."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )


@require_http_methods(["GET", "POST"])
@never_cache
def second_step(request: HttpRequest) -> HttpResponse:
    half = request.session.get(HALF)
    user = _half_signed_in(half)
    if half is None or user is None:
        # Too late, the back button, or another tab was quicker.
        request.session.pop(HALF, None)
        return redirect("login")
    form = CodeForm(request.POST or None)
    # Each challenge is for one answer.
    challenge = request.session.pop(CHALLENGE, None)
    if request.method == "POST" and form.is_valid():
        try:
            with lockout.judging(user.get_username(), lockout.address_of(request)):
                _check(request, user, form.cleaned_data, challenge)
        except DomainError as refusal:
            form.add_error(None, refusal.detail)
        else:
            del request.session[HALF]
            login(request, user, backend=BACKEND)
            return redirect(half["next"])
    context: dict[str, Any] = {"form": form, "has_authenticator": has_authenticator(user)}
    if user.passkeys.exists():
        context["options"], request.session[CHALLENGE] = begin_check(user, **place_of(request))
    return render(request, "dashboard/second_step.html", context, status=400 if form.errors else 200)


def _check(request: HttpRequest, user: User, told: dict[str, Any], challenge: dict[str, Any] | None) -> None:
    """Raises InvalidInput."""
    now = timezone.now()
    if told["passkey"]:
        check_passkey(user, told["passkey"], challenge, now=now, **place_of(request))
    else:
        check_second_factor(user, told["code"], now=now)


def place_of(request: HttpRequest) -> dict[str, str]:
    """What a passkey is bound to: the host, and the origin that the browser shows."""
    host = request.get_host()
    return {"origin": f"{request.scheme}://{host}", "host": host.rsplit(":", 1)[0] if ":" in host else host}


def _half_signed_in(half: dict[str, Any] | None) -> User | None:
    if half is None or half["until"] < timezone.now().timestamp():
        return None
    user = User.objects.filter(pk=half["user"], is_active=True).first()
    return user if user is not None and user.get_session_auth_hash() == half["hash"] else None
