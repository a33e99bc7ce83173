"""Smartcar's token endpoint, asked directly: the SDK makes a bare `invalid_grant` look like a network failure (C4)."""

from datetime import datetime, timedelta
from typing import Any

import requests

from fleet.smartcar.gateway import ConsentGoneError, GatewayError, Tokens
from fleet.smartcar.retry import retry_after
from fleet.smartcar.transport import CONNECT_S, READ_S

REFRESH_LASTS = timedelta(days=60)
LONGEST_S = 86_400 * 30


def post(url: str, form: dict[str, str], *, client: tuple[str, str], now: datetime) -> Tokens:
    """One POST. Raises ConsentGoneError only for a 400 or 401 that says `invalid_grant`, GatewayError for all else."""
    response = _send(url, form, client)
    body = _json(response)
    if response.status_code == requests.codes.ok:
        return _tokens(body, now=now)
    refused = response.status_code in (requests.codes.bad_request, requests.codes.unauthorized)
    if refused and body.get("error") == "invalid_grant":
        raise ConsentGoneError("invalid_grant")
    raise _answered(response, now=now)


def application_token(
    url: str, form: dict[str, str], *, client: tuple[str, str], now: datetime
) -> tuple[str, datetime]:
    """V3's token of the whole application and its end. Raises GatewayError; nobody's consent hangs on it."""
    response = _send(url, form, client)
    if response.status_code != requests.codes.ok:
        raise _answered(response, now=now)
    body = _json(response)
    token = body.get("access_token")
    if not (isinstance(token, str) and token):
        raise GatewayError("The token endpoint answered 200 without a token")
    return token, now + _lasts(body)


def _send(url: str, form: dict[str, str], client: tuple[str, str]) -> requests.Response:
    try:
        return requests.post(url, data=form, auth=client, timeout=(CONNECT_S, READ_S), allow_redirects=False)
    except requests.RequestException as error:
        raise GatewayError(f"The token endpoint did not answer: {type(error).__name__}") from error


def _answered(response: requests.Response, *, now: datetime) -> GatewayError:
    return GatewayError(
        f"The token endpoint answered {response.status_code}",
        retry_after=retry_after(response.headers, now=now),
    )


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _tokens(body: dict[str, Any], *, now: datetime) -> Tokens:
    access, following = body.get("access_token"), body.get("refresh_token")
    if not (isinstance(access, str) and access and isinstance(following, str) and following):
        raise GatewayError("The token endpoint answered 200 without a whole pair of tokens")
    return Tokens(
        access_token=access,
        refresh_token=following,
        access_expires_at=now + _lasts(body),
        refresh_expires_at=now + REFRESH_LASTS,
    )


def _lasts(body: dict[str, Any]) -> timedelta:
    lasts_s = body.get("expires_in")
    if not isinstance(lasts_s, int) or isinstance(lasts_s, bool) or not 0 < lasts_s <= LONGEST_S:
        raise GatewayError("The token endpoint answered 200 without a sane expiry")
    return timedelta(seconds=lasts_s)
