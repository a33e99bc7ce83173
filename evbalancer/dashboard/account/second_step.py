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

from drivers.domain.sign_in.factors import check_second_factor, has_second_factor
from drivers.models import User
from evbalancer.common.errors import DomainError
from evbalancer.common.security import lockout
from evbalancer.dashboard.account.invited import BACKEND

HALF: Final = "half-signed-in"
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


class CodeForm(forms.Form):
    code = forms.CharField(
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
    if request.method == "POST" and form.is_valid():
        try:
            with lockout.judging(user.get_username(), lockout.address_of(request)):
                check_second_factor(user, form.cleaned_data["code"], now=timezone.now())
        except DomainError as refusal:
            form.add_error("code", refusal.detail)
        else:
            del request.session[HALF]
            login(request, user, backend=BACKEND)
            return redirect(half["next"])
    return render(request, "dashboard/second_step.html", {"form": form}, status=400 if form.errors else 200)


def _half_signed_in(half: dict[str, Any] | None) -> User | None:
    if half is None or half["until"] < timezone.now().timestamp():
        return None
    user = User.objects.filter(pk=half["user"], is_active=True).first()
    return user if user is not None and user.get_session_auth_hash() == half["hash"] else None
