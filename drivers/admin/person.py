"""Who does something in the back office."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from drivers.models import User


def person_of(request: HttpRequest) -> User:
    """Raises PermissionDenied where nobody is signed in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
