"""The address of Smartcar Connect, made by the SDK. Both versions of the API begin there; they differ in what it brings back."""

from collections.abc import Sequence
from typing import Any

import smartcar

LOCATION = "read_location"


class Connect:
    """`application`: what Connect knows the application by, which is its id and with V3 not the id of its credentials."""

    def __init__(
        self, *, application: str, client_secret: str, redirect_uri: str, mode: str, scopes: Sequence[str]
    ) -> None:
        self._scopes = list(scopes)
        self._auth = smartcar.AuthClient(
            client_id=application, client_secret=client_secret, redirect_uri=redirect_uri, mode=mode
        )

    def url(self, state: str, *, make: str, with_location: bool) -> str:
        options: dict[str, Any] = {"state": state, "single_select": {"enabled": True}}
        if make:
            options["make_bypass"] = make
        scopes = [*self._scopes, LOCATION] if with_location else self._scopes
        return str(self._auth.get_auth_url(scopes, options))
