"""The OpenAPI schema takes the commands that are taken, and refuses those that are refused."""

from functools import cache

import jsonschema_rs
import pytest
import yaml
from drf_spectacular.renderers import OpenApiYamlRenderer

from chargers.domain.operations import BY_HAND
from tests.api_schema import describe_api
from tests.chargers.domain.orders.test_arguments import REFUSED, TAKEN

BODY = "OrderRequest"
# By rules that no schema says: of addresses, and of arguments that need each other or a running transaction.
BEYOND = (
    "The address begins with",
    "The address is one of a private network.",
    "The transaction's id is not known.",
    "Give the customer's card or name.",
    "Choose whether to report or clear the data.",
)


@cache
def schemas():
    return describe_api()["components"]["schemas"]


@cache
def validator():
    schema = {"$ref": f"#/components/schemas/{BODY}", "components": {"schemas": schemas()}}
    return jsonschema_rs.Draft4Validator(schema, validate_formats=True)


def test_schema_can_be_downloaded_as_yaml():
    text = OpenApiYamlRenderer().render(describe_api(), renderer_context={})
    assert yaml.load(text, Loader=yaml.CSafeLoader) == describe_api()


def test_every_command_that_a_person_may_send_has_its_shape():
    mapping = schemas()[BODY]["discriminator"]["mapping"]
    assert list(mapping) == [kind.value for kind in BY_HAND]
    assert [one["$ref"] for one in schemas()[BODY]["oneOf"]] == list(mapping.values())
    for kind, reference in mapping.items():
        assert schemas()[reference.rsplit("/", 1)[-1]]["properties"]["kind"]["enum"] == [kind]


# JSON schema does not know how OpenAPI says that something may be null.
@pytest.mark.parametrize(("kind", "arguments"), [one for one in TAKEN if None not in one[1].values()])
def test_schema_takes_what_is_taken(kind, arguments):
    validator().validate({"kind": kind.value, "connector": 1, "arguments": arguments, "reason": "Try it"})


@pytest.mark.parametrize(
    ("kind", "arguments"), [(kind, given) for kind, given, _, why in REFUSED if not why.startswith(BEYOND)]
)
def test_schema_refuses_what_is_refused(kind, arguments):
    assert not validator().is_valid({"kind": kind.value, "connector": 1, "arguments": arguments})


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "set_limit", "connector": 1, "arguments": {"limit_ma": 6_000}},
        {"kind": "unlock"},
        {"kind": "reset"},
        {"kind": "clear_cache", "at": "once"},
        {"kind": "read_limit", "arguments": {"after_boot": True}},
    ],
)
def test_schema_refuses_what_nobody_may_say(body):
    assert not validator().is_valid(body)


@pytest.mark.parametrize("body", [{"kind": "clear_cache"}, {"kind": "unlock", "connector": 2}])
def test_arguments_are_left_out_where_none_is_needed(body):
    validator().validate(body)
