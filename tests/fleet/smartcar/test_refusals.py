"""Every limit in every form in which it was seen, through both versions of the API (C5)."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet.smartcar.gateway import Access, Cause, GatewayError
from tests.fakesmartcar.server import LIMITS, Canned, refused

NOW = datetime.now(UTC)
CAUSES = {
    "car, seconds": (Cause.RATE_CAR, timedelta(seconds=120)),
    "car, date": (Cause.RATE_CAR, timedelta(days=31)),
    "car, lower case": (Cause.RATE_CAR, timedelta(seconds=120)),
    "car, nothing": (Cause.RATE_CAR, None),
    "maker": (Cause.RATE_CAR, None),
    "application": (Cause.RATE_APPLICATION, None),
    "application, seconds": (Cause.RATE_APPLICATION, timedelta(seconds=600)),
    "a page": (Cause.RATE_APPLICATION, timedelta(seconds=600)),
    "no body": (Cause.RATE_APPLICATION, timedelta(seconds=600)),
    "billing, car": (Cause.BILLING_CAR, None),
    "billing, account": (Cause.BILLING_APPLICATION, None),
}
OTHERS = [
    (refused(401, "AUTHENTICATION"), Cause.TOKEN, False),
    (refused(403, "PERMISSION"), Cause.PERMISSION, True),
    (refused(409, "VEHICLE_STATE", "ASLEEP"), Cause.ASLEEP, False),
    (refused(501, "COMPATIBILITY", "VEHICLE_NOT_CAPABLE"), Cause.PERMISSION, True),
    (refused(500, "SERVER", "INTERNAL"), Cause.FAILED, False),
    (refused(502, "UPSTREAM", "NO_RESPONSE"), Cause.FAILED, False),
    (Canned(503, b"down"), Cause.FAILED, False),
    (Canned(200, b"not json"), Cause.FAILED, False),
    (Canned(200, b'["list"]'), Cause.FAILED, False),
    (Canned(200, b"{}", cut=True), Cause.FAILED, False),
    (Canned(302, b"", {"Location": "http://127.0.0.1:1/"}), Cause.FAILED, False),
]


@pytest.fixture(params=["v2", "v3"])
def asked(request, smartcar):
    """A call for a car's state, and the path that it goes to."""
    car = smartcar.add_car("anna")
    if request.param == "v2":
        live = request.getfixturevalue("live")
        access = Access(live.exchange_code(smartcar.consent("anna"), now=NOW).access_token, "anna")
        return lambda: live.state(access, car.id, now=NOW), f"/v2.0/vehicles/{car.id}/batch"
    v3 = request.getfixturevalue("v3")
    access = Access(v3.refresh("application", now=NOW).access_token, "anna")
    return lambda: v3.state(access, car.id, now=NOW), f"/v3/vehicles/{car.id}/signals"


@pytest.mark.promise("C5")
@pytest.mark.parametrize("form", LIMITS)
def test_limit_is_understood_in_every_form(smartcar, asked, form):
    call, path = asked
    smartcar.canned[path].append(LIMITS[form])
    with pytest.raises(GatewayError) as failure:
        call()
    cause, wait = CAUSES[form]
    assert (failure.value.cause, failure.value.retry_after) == (cause, wait)


@pytest.mark.parametrize(
    ("answer", "cause", "permanent"), OTHERS, ids=lambda value: getattr(value, "status", value)
)
def test_refusal_says_what_to_do_next(smartcar, asked, answer, cause, permanent):
    call, path = asked
    smartcar.canned[path].append(answer)
    with pytest.raises(GatewayError) as failure:
        call()
    assert (failure.value.cause, failure.value.permanent) == (cause, permanent)


@pytest.mark.promise("C5")
@pytest.mark.parametrize("header", ["Retry-After", "retry-after"])
def test_limit_inside_a_batch_says_how_long_to_wait(smartcar, live, header):
    car = smartcar.add_car("anna")
    access = Access(live.exchange_code(smartcar.consent("anna"), now=NOW).access_token, "anna")
    body = {"type": "RATE_LIMIT", "code": "VEHICLE", "description": "No."}
    parts = [
        {"path": path, "code": 429, "body": body, "headers": {header: "300"}}
        for path in ("/battery", "/charge")
    ]
    smartcar.canned[f"/v2.0/vehicles/{car.id}/batch"].append(Canned(200, {"responses": parts}))
    with pytest.raises(GatewayError) as failure:
        live.state(access, car.id, now=NOW)
    assert (failure.value.cause, failure.value.retry_after) == (Cause.RATE_CAR, timedelta(seconds=300))


@pytest.mark.promise("C6")
def test_sdk_waits_no_310_seconds_below(smartcar, live, monkeypatch):
    from fleet.smartcar import transport

    asked_for = {}

    def request(method, url, **options):
        asked_for.update(options)
        raise ConnectionError

    monkeypatch.setattr(transport.requests, "request", request)
    with pytest.raises(GatewayError):
        live.user_id(Access("token"))
    assert sum(asked_for["timeout"]) <= 15
    assert asked_for["allow_redirects"] is False
