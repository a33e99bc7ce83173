"""The kind of each card beside its token, as newer charge points want it."""

from dataclasses import replace

import pytest

from chargers.domain.cards.cards import with_kinds
from chargers.orders.charging import RemoteStart
from chargers.orders.trust import CustomerData, ListEntry, SendLocalList
from chargers.orders.upkeep import Reset
from chargers.orders.words import CARD, ListStatus, ResetKind
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
    for order in (RemoteStart(id_tag="aBc1", limit_ma=5), CustomerData(id_tag="aBc1", report=True)):
        assert with_kinds(order, community_id=community.pk) == replace(order, id_tag_kind=IdTagKind.APP)


def test_list_of_cards_is_looked_up_in_one_query(community, add, django_assert_num_queries):
    add("ONE", IdTagKind.APP)
    add("TWO", IdTagKind.RFID)
    one = ListEntry(id_tag="ONE", status=ListStatus.ACCEPTED)
    others = ListEntry(id_tag="TWO"), ListEntry(id_tag="UNKNOWN")
    with django_assert_num_queries(1):
        told = with_kinds(SendLocalList(version=3, entries=(one, *others)), community_id=community.pk)
    assert told == SendLocalList(version=3, entries=(replace(one, id_tag_kind=IdTagKind.APP), *others))
    assert [entry.id_tag_kind for entry in told.entries] == [IdTagKind.APP, IdTagKind.RFID, CARD]


@pytest.mark.parametrize(
    "order", [Reset(reset_kind=ResetKind.SOFT), SendLocalList(version=1), CustomerData(customer="c")]
)
def test_order_without_a_card_is_left_as_it_is_without_a_query(community, order, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert with_kinds(order, community_id=community.pk) == order


def test_card_of_another_community_is_unknown(community, add):
    add("THEIRS", IdTagKind.APP, CommunityFactory())
    assert with_kinds(RemoteStart(id_tag="THEIRS"), community_id=community.pk).id_tag_kind == CARD
