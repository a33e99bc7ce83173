import json
from io import BytesIO

import pytest
from rest_framework.exceptions import ParseError
from rest_framework.test import APIClient

from evbalancer.common.web.parsing import MOST_DEEP, PlainJSONParser
from tests.asserts.http import assert_problem

DEEP = {
    "lists": "[" * 100_000,
    "closed lists": "[" * 5_000 + "]" * 5_000,
    "objects": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "a little too deep": "[" * (MOST_DEEP + 1) + "1" + "]" * (MOST_DEEP + 1),
}
ODD = {
    "lone surrogate": '{"username": "\\ud800", "password": "x"}',
    "surrogate in a name": '{"\\udfff": 1}',
    "NUL": '{"username": "a\\u0000b", "password": "x"}',
    "large number": '{"a": 99999999999999999999}',
    "very large number": '{"a": ' + "9" * 5_000 + "}",
    "not UTF-8": b'{"a": "\xff"}',
    "infinity": '{"a": Infinity}',
}
# Refused at the door, before any parser.
NO_TEXT = [ODD[name] for name in ("lone surrogate", "surrogate in a name", "NUL")]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/auth/token", "/auth/token/refresh", "/auth/invitation", "/grid/meter"])
@pytest.mark.parametrize("body", [*DEEP.values(), *ODD.values()], ids=[*DEEP, *ODD])
def test_json_that_nobody_can_use_is_refused_and_never_a_fault(path, body):
    response = APIClient(raise_request_exception=False).generic("POST", path, body, "application/json")
    assert response.status_code in (400, 401, 404), response.content
    if path == "/auth/token":
        assert_problem(response, 400, "not_text" if body in NO_TEXT else "parse_error")


@pytest.mark.parametrize("told", [{"a": [1, {"b": "ü 🚗"}]}, [], "x", None, 2**63 - 1])
def test_what_is_plain_passes(told):
    assert PlainJSONParser().parse(BytesIO(json.dumps(told).encode())) == told


def test_deepest_that_is_taken():
    text = "[" * MOST_DEEP + "]" * MOST_DEEP
    PlainJSONParser().parse(BytesIO(text.encode()))
    with pytest.raises(ParseError):
        PlainJSONParser().parse(BytesIO(f"[{text}]".encode()))
