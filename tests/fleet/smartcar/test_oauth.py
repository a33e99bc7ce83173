"""What the token endpoint may answer, and what each answer means (C4)."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet.smartcar.gateway import ConsentGoneError, GatewayError
from fleet.smartcar.retry import parse
from tests.fakesmartcar.server import Canned

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
PAIR = {"access_token": "a", "refresh_token": "r", "expires_in": 7200}
TRANSIENT = [
    Canned(400, {"error": "invalid_client"}),
    Canned(400, {"error": "invalid_request", "error_description": "no"}),
    Canned(400, b"<html>invalid_grant</html>", {"Content-Type": "text/html"}),
    Canned(400, ["invalid_grant"]),
    Canned(401, {"error": "invalid_client"}),
    Canned(403, {"error": "invalid_grant"}),
    Canned(404, {}),
    Canned(429, {"error": "rate_limit"}, {"Retry-After": "7"}),
    Canned(500, {"error": "invalid_grant"}),
    Canned(502, b""),
    Canned(503, b"down", {"Retry-After": "Mon, 02 Nov 2026 18:01:00 GMT"}),
    Canned(302, b"", {"Location": "http://127.0.0.1:1/"}),
    Canned(200, b"not json"),
    Canned(200, []),
    Canned(200, PAIR | {"access_token": None}),
    Canned(200, {"access_token": "a", "expires_in": 7200}),
    Canned(200, PAIR | {"expires_in": "soon"}),
    Canned(200, PAIR | {"expires_in": -1}),
    Canned(200, PAIR | {"expires_in": True}),
]


@pytest.mark.promise("C4")
@pytest.mark.parametrize("answer", TRANSIENT, ids=lambda answer: f"{answer.status} {answer.body!r:.30}")
def test_answer_that_is_no_true_invalid_grant_disconnects_nobody(smartcar, live, answer):
    smartcar.canned["/oauth/token"].append(answer)
    with pytest.raises(GatewayError) as failure:
        live.refresh("r0", now=NOW)
    assert not isinstance(failure.value, ConsentGoneError)
    assert not failure.value.permanent


@pytest.mark.promise("C4")
@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("description", [{}, {"error_description": "Invalid or expired refresh token."}])
def test_invalid_grant_ends_the_consent_with_or_without_a_description(smartcar, live, status, description):
    smartcar.canned["/oauth/token"].append(Canned(status, {"error": "invalid_grant"} | description))
    with pytest.raises(ConsentGoneError):
        live.refresh("r0", now=NOW)


@pytest.mark.promise("C4")
def test_endpoint_that_does_not_listen_disconnects_nobody(smartcar, live):
    smartcar.stop()
    with pytest.raises(GatewayError) as failure:
        live.refresh("r0", now=NOW)
    assert not failure.value.permanent


@pytest.mark.promise("C9")
def test_tokens_expire_in_aware_utc(smartcar, live):
    tokens = live.exchange_code(smartcar.consent("anna"), now=NOW)
    assert tokens.access_expires_at == NOW + timedelta(seconds=7200)
    assert tokens.access_expires_at.tzinfo is UTC
    assert "access-anna" not in repr(tokens)


def test_token_request_authenticates_the_application(smartcar, live):
    live.exchange_code(smartcar.consent("anna"), now=NOW)
    [call] = smartcar.posts_to("/oauth/token")
    assert call.form["grant_type"] == "authorization_code"
    assert call.form["redirect_uri"] == "http://testserver/back"
    assert call.token == "Basic aWQ6c2VjcmV0"


@pytest.mark.promise("C5")
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (7, 7),
        ("7.5", 7.5),
        (" 7 ", 7),
        ("-3", 0),
        ("999999999", 31 * 86400),
        ("1e99", None),
        ("Mon, 02 Nov 2026 18:01:00 GMT", 60),
        ("Mon, 02 Nov 2026 17:00:00 GMT", 0),
        ("soon", None),
        ("", None),
        (None, None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after_is_read_in_every_form(header, seconds):
    wait = parse(header, now=NOW)
    assert wait == (None if seconds is None else timedelta(seconds=seconds))
