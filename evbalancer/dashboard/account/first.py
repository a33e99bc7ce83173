"""The first page of a new server: it has no account yet, and its log has the code that makes one."""

from django import forms
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from drivers.domain.sign_in import first
from drivers.errors import AccountExists
from drivers.models import User
from evbalancer.common.errors import DomainError, InvalidInput
from evbalancer.common.security import lockout
from evbalancer.dashboard.account.invited import BACKEND
from evbalancer.dashboard.account.twice import PasswordTwice


class FirstForm(PasswordTwice):
    code = forms.CharField(
        max_length=100,
        label=gettext_lazy("Code from the server's log"),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )
    username = forms.CharField(
        label=gettext_lazy("User name"), widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    field_order = ("code", "username", "email", "password", "again")


@require_http_methods(["GET", "POST"])
@never_cache
def first_account(request: HttpRequest) -> HttpResponse:
    """Gone for good with the first account: a second click or a double submit leads to the sign-in."""
    if not first.is_without_accounts():
        return redirect("admin:index" if request.user.is_authenticated else "login")
    form = FirstForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = {name: form.cleaned_data[name] for name in ("code", "username", "email", "password")}
        try:
            user = _made(told, address=lockout.address_of(request))
        except DomainError as refusal:
            field = refusal.field if isinstance(refusal, InvalidInput) else ""
            form.add_error(field if field in form.fields else None, refusal.detail)
        else:
            login(request, user, backend=BACKEND)
            return redirect("admin:index")
    return render(request, "dashboard/first.html", {"form": form}, status=400 if form.errors else 200)


def _made(told: dict[str, str], *, address: str) -> User:
    """A wrong code is a guess, and counted; a password that is too weak is none. Raises DomainError."""
    refused: DomainError | None = None
    with lockout.judging(f"first account from {address}", address):
        try:
            return first.make_first_account(now=timezone.now(), **told)
        except (InvalidInput, AccountExists) as refusal:
            refused = refusal
    raise refused
