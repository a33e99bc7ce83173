"""A person's own account: password, mail address, second factor, and where they are signed in."""

from typing import Any

import segno
from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from drivers.domain.accounts import set_new_password
from drivers.domain.sign_in import addresses, factors, passkeys, sign_ins
from drivers.models import Passkey, RecoveryCode, SignIn, User
from evbalancer.common.errors import DomainError
from evbalancer.common.mail import sends_mail
from evbalancer.common.security import lockout
from evbalancer.common.security.digests import digest
from evbalancer.common.security.lockout import LockOutOfChange
from evbalancer.dashboard.account.second_step import CHALLENGE, PasskeyField, place_of
from grid.domain.audit import Actor

# The secret waits here until its first code shows that the app has it.
WAITING = "new-authenticator"


class PasswordForm(LockOutOfChange):
    """The old password, and the new one twice."""


class WithPassword(forms.Form):
    """An act that a browser left open must not do for a passer-by."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        try:
            with lockout.judging(self.user.get_username(), f"account {self.user.pk}"):
                if not self.user.check_password(password):
                    raise forms.ValidationError(gettext("This is not your password."))
        except lockout.LockedOut as locked:
            raise lockout.LOCKED from locked
        return password


class AddressForm(WithPassword):
    email = forms.EmailField(
        label=gettext_lazy("New e-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    field_order = ("email", "password")


class FirstCodeForm(WithPassword):
    code = forms.CharField(
        label=gettext_lazy("Code that the app shows"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    field_order = ("code", "password")


class PasskeyForm(WithPassword):
    passkey = PasskeyField()
    name = forms.CharField(
        label=gettext_lazy("Name of the device"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("passkey", "name", "password")


@require_GET
@never_cache
@login_required
def account_page(request: HttpRequest) -> HttpResponse:
    user = _me(request)
    context = {
        "sends_mail": sends_mail(),
        "sign_ins": sign_ins.open_sign_ins(user),
        "here": digest(str(request.session.session_key)),
        "has_second_factor": factors.has_second_factor(user),
        "has_authenticator": factors.has_authenticator(user),
        "passkeys": user.passkeys.all(),
        "codes_left": RecoveryCode.objects.filter(user=user).count(),
    }
    return render(request, "dashboard/account.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def change_password(request: HttpRequest) -> HttpResponse:
    user = _me(request)
    form = PasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        set_new_password(user, form.cleaned_data["new_password1"], now=timezone.now())
        update_session_auth_hash(request, user)
        return _done(request, gettext("Your password was changed. All other devices were signed out."))
    return _page(request, form, gettext("Change the password"))


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def change_address(request: HttpRequest) -> HttpResponse:
    user = _me(request)
    if not sends_mail():
        return _done(
            request, gettext("This server sends no mail, so it can't confirm an address. Ask the operator.")
        )
    form = AddressForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            lockout.asking_for_mail(form.cleaned_data["email"], lockout.address_of(request))
            page = request.build_absolute_uri(reverse("account-address"))
            trouble = addresses.ask_for_address(user, form.cleaned_data["email"], page=page)
        except lockout.LockedOut:
            form.add_error(None, gettext("Too many mails were requested. Try again in 15 minutes."))
        except DomainError as refusal:
            form.add_error("email", refusal.detail)
        else:
            if not trouble:
                return _done(
                    request,
                    gettext(
                        "Open the link in the mail to the new address within an hour. Until then the old one stays."
                    ),
                )
            form.add_error(
                None, gettext("The mail server can't be reached, so no mail was sent. Try again later.")
            )
    return _page(request, form, gettext("Change the e-mail address"))


@require_GET
@never_cache
def confirm_address(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail: signed in or not, whoever has the mailbox may confirm it."""
    try:
        addresses.confirm_address(token, now=timezone.now())
    except DomainError as refusal:
        return render(request, "dashboard/account_link.html", {"why": refusal.detail}, status=410)
    return render(request, "dashboard/account_link.html")


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def set_up_second_factor(request: HttpRequest) -> HttpResponse:
    user = _me(request)
    secret = request.session.get(WAITING) or factors.new_secret()
    request.session[WAITING] = secret
    form = FirstCodeForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            codes = factors.set_up_authenticator(
                user,
                secret=secret,
                code=form.cleaned_data["code"],
                session_key=str(request.session.session_key),
                now=timezone.now(),
            )
        except DomainError as refusal:
            form.add_error("code", refusal.detail)
        else:
            del request.session[WAITING]
            return _show_codes(request, codes)
    picture = segno.make(factors.provisioning_uri(user, secret), error="m").svg_data_uri(scale=5)
    context = {
        "form": form,
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "picture": picture,
    }
    return render(request, "dashboard/account_factor.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def add_passkey(request: HttpRequest) -> HttpResponse:
    user = _me(request)
    form = PasskeyForm(user, request.POST or None)
    challenge = request.session.pop(CHALLENGE, None)
    if request.method == "POST" and form.is_valid():
        try:
            codes = passkeys.register_passkey(
                user,
                form.cleaned_data["passkey"],
                challenge,
                name=form.cleaned_data["name"],
                session_key=str(request.session.session_key),
                now=timezone.now(),
                **place_of(request),
            )
        except DomainError as refusal:
            form.add_error(None, refusal.detail)
        else:
            return _show_codes(request, codes) if codes else _done(request, gettext("The passkey was added."))
    options, request.session[CHALLENGE] = passkeys.begin_registration(user, **place_of(request))
    context = {"form": form, "options": options}
    return render(request, "dashboard/account_passkey.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    user = _me(request)
    passkey = Passkey.objects.filter(user=user, pk=pk).first()
    if passkey is None:
        # Another tab was quicker.
        return redirect("account")
    form = WithPassword(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        factors.remove_passkey(passkey, now=timezone.now())
        return _done(request, gettext("The passkey was removed."))
    return _page(request, form, gettext("Remove the passkey %(name)s") % {"name": passkey.name})


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def renew_codes(request: HttpRequest) -> HttpResponse:
    user = _me(request)
    if not factors.has_second_factor(user):
        return redirect("account-factor")
    form = WithPassword(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _show_codes(request, factors.renew_recovery_codes(user, now=timezone.now()))
    return _page(request, form, gettext("Make new recovery codes"))


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def remove_factor(request: HttpRequest) -> HttpResponse:
    user = _me(request)
    form = WithPassword(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        factors.remove_second_factor(user, actor=Actor.of_user(user), now=timezone.now())
        return _done(request, gettext("Your second factor was removed."))
    return _page(request, form, gettext("Remove the second factor"))


@require_POST
@never_cache
@login_required
def end_sign_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Another device. A second click finds it gone, which is as it should be."""
    user = _me(request)
    row = SignIn.objects.filter(user=user, pk=pk).first()
    if row is not None:
        sign_ins.end_sign_in(row, actor=Actor.of_user(user), now=timezone.now())
    return _done(request, gettext("The device was signed out."))


@require_POST
@never_cache
@login_required
def end_others(request: HttpRequest) -> HttpResponse:
    sign_ins.end_sign_ins(_me(request), but=str(request.session.session_key))
    return _done(request, gettext("All other devices were signed out."))


def _me(request: HttpRequest) -> User:
    return get_object_or_404(User, pk=request.user.pk)


def _page(request: HttpRequest, form: forms.Form, title: str) -> HttpResponse:
    context = {"form": form, "title": title}
    return render(request, "dashboard/account_form.html", context, status=400 if form.errors else 200)


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    answer = render(request, "dashboard/account_codes.html", {"codes": codes})
    answer["Cache-Control"] = "no-store"
    return answer


def _done(request: HttpRequest, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("account")
