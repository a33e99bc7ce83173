from typing import TYPE_CHECKING

from evbalancer.common.security.lockout import LockOut, LockOutOfChange

if TYPE_CHECKING:
    from django.contrib.admin.forms import AdminAuthenticationForm as ThemedForm
    from django.contrib.auth.forms import PasswordChangeForm as ThemedChangeForm
else:
    from unfold.forms import AdminOwnPasswordChangeForm as ThemedChangeForm
    from unfold.forms import AuthenticationForm as ThemedForm


class LoginForm(LockOut, ThemedForm):
    """The admin's sign-in."""


class ChangePasswordForm(LockOutOfChange, ThemedChangeForm):
    """The admin's page for one's own password, which asks for the old one."""
