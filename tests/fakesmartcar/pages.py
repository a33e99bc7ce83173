"""The pages of Connect: sign in at the maker, pick cars, allow; or one of the ways in which it goes wrong."""

from html import escape
from urllib.parse import urlencode

from tests.fakesmartcar.world import Canned, World

ERRORS = ("access_denied", "vehicle_incompatible", "invalid_subscription", "server_error")
PAGE = """<!doctype html><meta charset="utf-8"><title>Smartcar Connect (local)</title>
<style>body{{font:16px system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem}}
a{{display:block;padding:.6rem 1rem;margin:.4rem 0;border:1px solid #999;border-radius:.4rem;text-decoration:none}}</style>
<h1>Smartcar Connect</h1><p>A local stand-in. Nothing leaves this machine.</p>{body}"""


def connect(world: World, query: dict[str, str]) -> Canned:
    back, state = query.get("redirect_uri", ""), query.get("state", "")
    if not back or query.get("response_type") != "code":
        return _page("<p>This application is not set up rightly.</p>", status=400)
    wanted = [name.removeprefix("required:") for name in query.get("scope", "").split()]
    accounts = sorted({car.owner for car in world.cars.values() if car.id not in world.disconnected})
    rows = []
    for owner in accounts:
        cars = ", ".join(f"{car.make} {car.model}" for car in world.cars_of(owner))
        brought = world.brought(owner, wanted or None, application=query.get("client_id", ""))
        link = f"{back}?{urlencode(brought | {'state': state})}"
        rows.append(_link(f"allow-{owner}" if len(accounts) > 1 else "allow", link, f"Allow: {cars}"))
    rows += [
        _link(error, f"{back}?{urlencode({'error': error, 'error_description': 'No', 'state': state})}", word)
        for error, word in zip(
            ERRORS,
            (
                "Deny",
                "Try a car that can't be connected",
                "Try a car without online services",
                "Try a fault of Smartcar",
            ),
            strict=True,
        )
    ]
    asked = ", ".join(escape(name) for name in wanted)
    return _page(f"<p>EV Balancer wants to: {asked}.</p>" + "".join(rows))


def _link(name: str, address: str, word: str) -> str:
    return f'<a id="{escape(name)}" href="{escape(address)}">{escape(word)}</a>'


def _page(body: str, *, status: int = 200) -> Canned:
    return Canned(status, PAGE.format(body=body).encode(), {"Content-Type": "text/html; charset=utf-8"})
