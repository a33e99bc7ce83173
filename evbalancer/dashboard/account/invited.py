"""The pages of an invitation: by its link or its code, with a new account or the one that the person has."""

from django import forms
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from drivers.domain import invitations
from drivers.enums import Role
from drivers.errors import AccountExists, InvitationOver
from drivers.models import Invitation, User
from evbalancer.common.errors import DomainError, InvalidInput, NotFound
from evbalancer.common.security import lockout
from evbalancer.dashboard.account.twice import PasswordTwice

BACKEND = "django.contrib.auth.backends.ModelBackend"
# Where the code waits between the link and the form: pages that the form leads to are not told it by their referrer.
KEPT = "invitation"
HOMES = {Role.DRIVER: "my", Role.MANAGER: "admin:index", Role.RESIDENT: "home"}


class AcceptForm(PasswordTwice):
    token = forms.CharField(max_length=100, label=gettext_lazy("Code"))
    username = forms.CharField(
        label=gettext_lazy("User name"), widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    field_order = ("token", "username", "password", "again")


@require_GET
@never_cache
def open_link(request: HttpRequest, code: str) -> HttpResponse:
    """Take the code out of the address. Looking uses nothing up: mail scanners follow links, too."""
    address = lockout.address_of(request)
    try:
        with lockout.judging(f"invitations from {address}", address):
            invitations.find_invitation(code, now=timezone.now())
    except InvitationOver as over:
        return _over(request, over)
    except DomainError as refusal:
        return _refused(request, refusal.detail, status=refusal.status)
    request.session[KEPT] = code
    return redirect("accept-invitation")


@require_http_methods(["GET", "POST"])
@never_cache
def accept_invitation(request: HttpRequest) -> HttpResponse:
    try:
        invitation = _kept(request)
    except InvitationOver as over:
        return _over(request, over)
    if invitation is not None and isinstance(request.user, User):
        return render(request, "dashboard/invited_join.html", {"invitation": invitation})
    if invitation is not None and invitations.account_at_address(invitation) is not None:
        return render(request, "dashboard/invited_known.html", {"invitation": invitation})
    if request.method == "POST":
        return _accept(request, invitation)
    token = request.session.get(KEPT, "") if invitation is not None else ""
    return _show(request, AcceptForm(initial={"token": token}), invitation)


@require_POST
@never_cache
def join(request: HttpRequest) -> HttpResponse:
    """With the account that is signed in, by the code that waits in its session."""
    user, code = request.user, request.session.get(KEPT, "")
    if not isinstance(user, User) or not code:
        return redirect("accept-invitation")
    try:
        joined = invitations.join_by_invitation(code, user=user, now=timezone.now())
    except InvitationOver as over:
        return _over(request, over)
    except NotFound as refusal:
        return _refused(request, refusal.detail, status=refusal.status)
    del request.session[KEPT]
    return redirect(HOMES[Role(joined.role)])


def _accept(request: HttpRequest, invitation: Invitation | None) -> HttpResponse:
    form = AcceptForm(request.POST)
    if form.is_valid():
        told = {name: form.cleaned_data[name] for name in ("token", "username", "password")}
        try:
            user = _opened(told, address=lockout.address_of(request))
        except InvitationOver as over:
            return _over(request, over)
        except DomainError as refusal:
            field = refusal.field if isinstance(refusal, InvalidInput) else ""
            form.add_error(field if field in form.fields else None, refusal.detail)
        else:
            login(request, user, backend=BACKEND)
            request.session.pop(KEPT, None)
            return redirect(HOMES[Role(user.memberships.get().role)])
    return _show(request, form, invitation)


def _show(request: HttpRequest, form: AcceptForm, invitation: Invitation | None) -> HttpResponse:
    if invitation is not None:
        form.fields["token"].widget = forms.HiddenInput()
    context = {"form": form, "invitation": invitation}
    return render(request, "dashboard/invited.html", context, status=400 if form.errors else 200)


def _kept(request: HttpRequest) -> Invitation | None:
    """The invitation whose link was opened in this browser. Raises InvitationOver."""
    code = request.session.get(KEPT, "")
    try:
        return invitations.find_invitation(code, now=timezone.now()) if code else None
    except InvitationOver:
        del request.session[KEPT]
        raise
    except NotFound:
        return None


def _over(request: HttpRequest, over: InvitationOver) -> HttpResponse:
    """A second click, the back button or a double submit of whoever is in leads on; all others read what to do."""
    accepted_by = over.invitation.accepted_by_id
    if accepted_by is not None and accepted_by == request.user.pk:
        return HttpResponseRedirect(redirect(HOMES[Role(over.invitation.role)]).url)
    return _refused(request, over.detail, status=410)


def _refused(request: HttpRequest, why: str, *, status: int) -> HttpResponse:
    return render(request, "dashboard/invited_over.html", {"why": why}, status=status)


def _opened(told: dict[str, str], *, address: str) -> User:
    """The new account. A wrong code is a guess, and counted; a password that is too weak is none. Raises DomainError."""
    refused: DomainError | None = None
    with lockout.judging(f"invitations from {address}", address):
        try:
            return invitations.accept_invitation(now=timezone.now(), **told)
        except (InvalidInput, AccountExists, InvitationOver) as refusal:
            refused = refusal
    raise refused
