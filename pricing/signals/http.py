"""One bounded question to a provider. Its answer is read to a size and in a time; addresses and tokens stay out of errors."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

TIMEOUT_S = 10
# From the first byte to the last: a provider that sends a byte now and then is given up as well.
LONGEST_S = 30
LARGEST = 4_000_000


class SourceError(Exception):
    """The provider could not be asked, in a sentence without secrets."""


def ask(
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
    also: tuple[int, ...] = (),
) -> bytes:
    """The body of a 200, or of a status of `also`. Redirects are not followed. Raises SourceError."""
    request = {"params": dict(params or {}), "headers": dict(headers or {}), "json": body}
    try:
        return asyncio.run(_in_time(method, url, request, also))
    except TimeoutError as error:
        raise SourceError(f"The provider did not answer completely within {LONGEST_S} s.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"The provider does not answer: {type(error).__name__}.") from error


def ask_json(method: str, url: str, **options: Any) -> Any:
    """The same, read as JSON. Raises SourceError."""
    try:
        return json.loads(ask(method, url, **options))
    except (ValueError, RecursionError) as error:
        raise SourceError("The provider's answer can't be read.") from error


async def _in_time(method: str, url: str, request: Mapping[str, Any], also: tuple[int, ...]) -> bytes:
    async with (
        asyncio.timeout(LONGEST_S),
        httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client,
        client.stream(method, url, **request) as answer,
    ):
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise SourceError("The provider refuses the token.")
        if answer.status_code != httpx.codes.OK and answer.status_code not in also:
            raise SourceError(f"The provider answered {answer.status_code}.")
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > LARGEST:
                raise SourceError("The provider's answer is too long.")
        return bytes(body)
