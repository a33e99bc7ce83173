"""A thin client of an OpenADR 3 virtual top node: a token, then the events of one program."""

import asyncio
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from grid.openadr.event import lacks_units, units_of

TIMEOUT_S = 10
# For all that is asked in one look, from the first byte to the last.
LONGEST_S = 30
PAGE = 50
MOST_PAGES = 10
LARGEST = 2_000_000
WITHHELD = (httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND)
LOCAL = ("127.0.0.1", "localhost", "::1")


class VtnError(Exception):
    """The node could not be asked, in a sentence without secrets."""


def check_address(url: str) -> None:
    """Raise ValidationError unless secrets sent there are encrypted, or stay on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL):
        raise ValidationError(gettext("An address with https."))
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValidationError(gettext("An address without user name, query or fragment."))


@dataclass(frozen=True, slots=True)
class Found:
    """All events of a program, and its units by payload type where an event relies on them."""

    events: list[Any]
    program_units: Mapping[str, str] = field(default_factory=dict)


def find_events(*, vtn_url: str, token_url: str, client_id: str, secret: str, program_id: str) -> Found:
    """Raises VtnError; redirects are not followed."""
    grant = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    try:
        return asyncio.run(_in_time(vtn_url.rstrip("/"), token_url, grant, program_id))
    except TimeoutError as error:
        raise VtnError(f"The node did not answer completely within {LONGEST_S} s.") from error
    except httpx.HTTPError as error:
        raise VtnError(f"The node does not answer: {type(error).__name__}.") from error
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise VtnError("The node's answer can't be read.") from error


async def _in_time(base: str, token_url: str, grant: Mapping[str, str], program_id: str) -> Found:
    """A node that sends a byte now and then is given up as one that sends none."""
    async with (
        asyncio.timeout(LONGEST_S),
        httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client,
    ):
        token = (await _ask(client, "POST", token_url, data=grant))["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        events = await _events(client, base, program_id)
        if not any(lacks_units(event) for event in events):
            return Found(events)
        # A node may keep its programs from clients; then the usual unit holds.
        program = await _ask(
            client, "GET", f"{base}/programs/{quote(program_id, safe='')}", withheld=WITHHELD
        )
        return Found(events, _units(program))


def _units(program: Any) -> dict[str, str]:
    return units_of(program.get("payloadDescriptors")) if isinstance(program, Mapping) else {}


async def _events(client: httpx.AsyncClient, base: str, program_id: str) -> list[Any]:
    found: list[Any] = []
    for page in range(MOST_PAGES):
        query = {"programID": program_id, "skip": page * PAGE, "limit": PAGE}
        rows = await _ask(client, "GET", f"{base}/events", params=query)
        if not isinstance(rows, list):
            raise VtnError("The node's events are no list.")
        if page and rows and rows[0] in found:
            return found  # a node that knows no pages, and says all of it each time
        found += rows
        if len(rows) < PAGE:
            return found
    raise VtnError(f"The program has more than {PAGE * MOST_PAGES} events.")


async def _ask(
    client: httpx.AsyncClient, method: str, url: str, *, withheld: Collection[int] = (), **options: Any
) -> Any:
    """What JSON it answers; None for a status of `withheld`. Bounded while it comes, unpacked or not."""
    async with client.stream(method, url, **options) as answer:
        if answer.status_code in withheld:
            return None
        if answer.status_code != httpx.codes.OK:
            raise VtnError(f"The node answered {answer.status_code}.")
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > LARGEST:
                raise VtnError("The node's answer is too long.")
    return json.loads(body)
