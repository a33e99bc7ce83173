"""The kind of each card beside its token, as newer charge points want it."""

import pytest

from chargers.domain.cards.cards import with_kinds
from drivers.enums import IdTagKind
from tests.factories.drivers import DriverFactory, IdTagFactory
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def community():
    return CommunityFactory()


@pytest.fixture
def add(community):
    def add(token, kind, community=community):
        return IdTagFactory(driver=DriverFactory(community=community), token=token, kind=kind)

    return add


def test_kind_stands_beside_the_card_whatever_the_case_of_its_letters(community, add):
    add("AbC1", IdTagKind.APP)
    assert with_kinds({"id_tag": "aBc1", "other": 5}, community_id=community.pk) == {
        "id_tag": "aBc1",
        "id_tag_kind": IdTagKind.APP,
        "other": 5,
    }


def test_list_of_cards_is_looked_up_in_one_query(community, add, django_assert_num_queries):
    add("ONE", IdTagKind.APP)
    add("TWO", IdTagKind.RFID)
    entries = [{"id_tag": "ONE", "status": "Accepted"}, {"id_tag": "TWO"}, {"id_tag": "UNKNOWN"}]
    arguments = {"version": 3, "entries": entries}
    with django_assert_num_queries(1):
        told = with_kinds(arguments, community_id=community.pk)
    assert told == {
        "version": 3,
        "entries": [
            {"id_tag": "ONE", "status": "Accepted", "id_tag_kind": IdTagKind.APP},
            {"id_tag": "TWO", "id_tag_kind": IdTagKind.RFID},
            {"id_tag": "UNKNOWN"},
        ],
    }
    assert arguments["entries"] == [
        {"id_tag": "ONE", "status": "Accepted"},
        {"id_tag": "TWO"},
        {"id_tag": "UNKNOWN"},
    ]


@pytest.mark.parametrize("arguments", [{"kind": "soft"}, {"version": 1, "entries": []}, {"entries": None}])
def test_command_without_a_card_is_left_as_it_is_without_a_query(
    community, arguments, django_assert_num_queries
):
    with django_assert_num_queries(0):
        assert with_kinds(arguments, community_id=community.pk) == arguments


def test_card_of_another_community_is_unknown(community, add):
    add("THEIRS", IdTagKind.RFID, CommunityFactory())
    assert with_kinds({"id_tag": "THEIRS"}, community_id=community.pk) == {"id_tag": "THEIRS"}
