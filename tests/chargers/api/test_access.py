import pytest
from django.utils import timezone

from chargers.domain.access.rules import set_access_in_words
from chargers.models import AccessRule
from grid.domain.audit import SYSTEM
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, DriverGroupFactory, FlatFactory, IdTagFactory, manager_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def connector():
    return ConnectorFactory(charge_point__name="A-05")


@pytest.fixture
def manager(connector):
    return client_of(manager_of(connector.community))


@pytest.fixture
def flat(connector):
    return FlatFactory(community=connector.community, name="Flat 3")


def put(client, connector, *rules):
    return client.put(f"/chargers/connectors/{connector.pk}/access", {"rules": list(rules)}, format="json")


def keep(connector, words):
    set_access_in_words(connector, words, actor=SYSTEM, now=timezone.now())


def test_a_manager_sets_all_rules_at_once_and_sees_whom_they_are_for(manager, connector, flat):
    ada = DriverFactory(community=connector.community, name="Ada", flat=flat)
    DriverFactory(community=connector.community, name="Bob")
    answer = put(
        manager,
        connector,
        {"audience": "flat", "flat_id": str(flat.pk)},
        {"audience": "guests", "weekdays": 31, "start_min": 480, "end_min": 1080},
    )
    assert answer.status_code == 200
    body = answer.json()
    assert [rule["sentence"] for rule in body["rules"]] == [
        "For Flat 3.",
        "For guests: Mon to Fri, 08:00 to 18:00.",
    ]
    assert body["drivers"] == [{"driver_id": str(ada.pk), "name": "Ada", "open_now": True, "until": None}]
    assert manager.get(f"/chargers/connectors/{connector.pk}/access").json() == body
    assert put(manager, connector).json()["rules"] == []
    assert not AccessRule.objects.exists()


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"audience": "group"}, "non_field_errors"),
        ({"audience": "neighbours"}, "rules"),
        ({"audience": "guests", "weekdays": 0}, "rules"),
        ({"audience": "guests", "start_min": 480, "end_min": 480}, "non_field_errors"),
        ({"audience": "guests", "from": "08:00"}, "rules"),
        ({"audience": "flat", "flat_id": "7a4f2f3e-8d5c-4b0a-9d7e-3d0f3c1b2a19"}, "flat_id"),
    ],
)
def test_a_rule_that_can_not_be_is_refused_and_nothing_changes(manager, connector, rule, field):
    put(manager, connector, {"audience": "guests"})
    answer = put(manager, connector, {"audience": "everybody"}, rule)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert [row.audience for row in AccessRule.objects.all()] == ["guests"]


def test_rows_of_another_community_do_not_exist(manager, connector):
    foreign = DriverGroupFactory()
    assert put(manager, connector, {"audience": "group", "group_id": str(foreign.pk)}).status_code == 400
    assert_problem(put(manager, ConnectorFactory(), {"audience": "guests"}), 404, "not_found")
    driver = client_of(DriverFactory(community=connector.community).user)
    assert_problem(put(driver, connector, {"audience": "everybody"}), 403, "permission_denied")


def test_a_driver_reads_what_is_open_and_no_names_of_others(connector, flat):
    ada = client_of(DriverFactory(community=connector.community, flat=flat).user)
    bob = client_of(DriverFactory(community=connector.community).user)
    keep(connector, "flat Flat 3")
    for reader, sentence, is_open in ((ada, "For Flat 3.", True), (bob, "For one flat.", False)):
        row = reader.get(f"/chargers/connectors/{connector.pk}").json()
        assert (row["access"], row["open_to_me"]) == ([sentence], is_open)
    [station] = ada.get("/chargers").json()["results"]
    assert station["connectors"][0]["access"] == ["For Flat 3."]


def test_who_may_not_charge_there_can_not_start_from_afar(connector):
    bob = DriverFactory(community=connector.community)
    IdTagFactory(driver=bob)
    keep(connector, "guests")
    body = assert_problem(
        client_of(bob.user).post(f"/chargers/connectors/{connector.pk}/start"), 409, "space_closed"
    )
    assert body["detail"] == "A-05/1 is kept for others. Ask the managers who may charge there."
