"""The page that takes an invitation's code: a name and a password, and the person is in."""

from typing import Any

from django import forms
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from drivers.domain import invitations
from drivers.errors import AccountExists
from drivers.models import User
from evbalancer.common.errors import DomainError, InvalidInput
from evbalancer.common.security import lockout

BACKEND = "django.contrib.auth.backends.ModelBackend"


class AcceptForm(forms.Form):
    token = forms.CharField(max_length=100, label=gettext_lazy("Code"))
    username = forms.CharField(label=gettext_lazy("User name"))
    password = forms.CharField(
        max_length=128, strip=False, widget=forms.PasswordInput, label=gettext_lazy("Password")
    )
    again = forms.CharField(
        max_length=128, strip=False, widget=forms.PasswordInput, label=gettext_lazy("Repeat the password")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("password") != cleaned.get("again"):
            self.add_error("again", gettext("The passwords do not match."))
        return cleaned


@require_http_methods(["GET", "POST"])
@never_cache
def accept_invitation(request: HttpRequest) -> HttpResponse:
    form = AcceptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = {name: form.cleaned_data[name] for name in ("token", "username", "password")}
        try:
            user = _opened(told, address=lockout.address_of(request))
        except DomainError as refusal:
            field = refusal.field if isinstance(refusal, InvalidInput) else ""
            form.add_error(field if field in form.fields else None, refusal.detail)
        else:
            login(request, user, backend=BACKEND)
            return redirect("my")
    status = 400 if form.errors else 200
    return render(request, "dashboard/invited.html", {"form": form}, status=status)


def _opened(told: dict[str, str], *, address: str) -> User:
    """The new account. A wrong code is a guess, and counted; a password that is too weak is none. Raises DomainError."""
    refused: DomainError | None = None
    with lockout.judging(f"invitations from {address}", address):
        try:
            return invitations.accept_invitation(now=timezone.now(), **told)
        except (InvalidInput, AccountExists) as refusal:
            refused = refusal
    raise refused
