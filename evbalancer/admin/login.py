from typing import TYPE_CHECKING

from evbalancer.common.lockout import LockOut

if TYPE_CHECKING:
    from django.contrib.admin.forms import AdminAuthenticationForm as ThemedForm
else:
    from unfold.forms import AuthenticationForm as ThemedForm


class LoginForm(LockOut, ThemedForm):
    """The admin's sign-in."""
