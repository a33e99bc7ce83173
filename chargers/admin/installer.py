"""The page that shows a key: once, in the answer to the POST that made it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext

from chargers.domain.sockets.handover import Handover
from chargers.models import ChargePoint
from evbalancer.common.admin.pages import secret_page


def show_key(
    model_admin: Any, request: HttpRequest, charge_point: ChargePoint, key: str, *, title: str
) -> HttpResponse:
    scheme = "wss" if request.is_secure() else "ws"
    handover = Handover(f"{scheme}://{request.get_host()}", charge_point.identity, key)
    return secret_page(
        model_admin,
        request,
        row=charge_point,
        title=title,
        secrets=[
            (gettext("Address"), handover.url),
            (gettext("User name"), charge_point.identity),
            (gettext("Key (password)"), key),
            (gettext("All in one"), handover.url_with_key),
        ],
        advice=gettext(
            "Enter the first three at the charge point, with basic authentication, or scan the code with the installer's app. They are shown only once and stored nowhere: print the page now, or rotate the key when it is lost."
        ),
        picture=mark_safe(handover.qr_svg()),  # noqa: S308 (drawn here, holds no text)
    )
