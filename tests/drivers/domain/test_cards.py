from datetime import UTC, datetime

import pytest

from chargers.enums import SessionState
from drivers.domain.cards import give_card, hand_on
from drivers.domain.drivers import authorize_tag
from drivers.models import Driver, IdTag, Membership, User
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, IdTagFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def card():
    return IdTagFactory(token="CARD", blocked_at=NOW)


def hand(card, token="CARD", **but):
    return hand_on(card.community_id, token, actor=SYSTEM, now=NOW, **but)


def retire(driver):
    driver.retired_at = NOW
    driver.save()


def leave(driver):
    Membership.objects.filter(user=driver.user).delete()


def close(driver):
    User.objects.filter(pk=driver.user_id).update(is_active=False)


def test_card_of_a_driver_who_belongs_is_kept(card):
    assert hand(card) is False
    assert IdTag.objects.get() == card
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("left", [retire, leave, close])
@pytest.mark.parametrize("token", ["CARD", " card "])
def test_card_of_a_driver_who_left_is_taken_however_it_is_written(card, left, token):
    left(card.driver)
    assert [hand(card, token), hand(card, token)] == [True, False]
    assert not IdTag.objects.exists()
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_id, entry.at) == ("idtag.handed_on", str(card.pk), NOW)
    assert entry.before == {
        "driver_id": str(card.driver_id),
        "blocked_at": "2026-11-02T18:00:00Z",
        "expires_at": None,
    }


def test_card_of_another_community_stays_there(card):
    retire(card.driver)
    assert hand_on(DriverFactory().community_id, "CARD", actor=SYSTEM, now=NOW) is False
    assert IdTag.objects.get() == card


def test_card_that_is_being_saved_itself_is_not_taken(card):
    retire(card.driver)
    assert hand(card, but=card.pk) is False


def test_sessions_keep_their_driver(card):
    session = SessionFactory(
        connector=ConnectorFactory(),
        driver=card.driver,
        id_tag="CARD",
        plugged_at=NOW,
        state=SessionState.ENDED,
    )
    retire(card.driver)
    hand(card)
    session.refresh_from_db()
    assert (session.driver, session.id_tag) == (card.driver, "CARD")


@pytest.mark.parametrize(
    ("printed", "stored"),
    [
        ("04:A1:B2:C3", "04A1B2C3"),
        ("04 a1 b2 c3", "04A1B2C3"),
        ("04-A1-b2-C3", "04A1B2C3"),
        (" 04a1b2c3 ", "04A1B2C3"),
        ("04:a1:b2:c3:d4:e5:f6", "04A1B2C3D4E5F6"),
        ("DE-ABC-C12345678-9", "DE-ABC-C12345678-9"),
        ("MAPLE0001", "MAPLE0001"),
        ("Card 7", "Card 7"),
    ],
)
def test_card_is_stored_as_charge_points_send_it(printed, stored):
    driver = DriverFactory()
    card = give_card(driver, printed, actor=SYSTEM, now=NOW)
    assert card.token == stored
    assert give_card(driver, printed, actor=SYSTEM, now=NOW) == card
    for shown in (printed, stored, stored.lower()):
        assert authorize_tag(driver.community_id, shown, now=NOW).driver == driver
    assert [entry.action for entry in AuditEntry.objects.all()] == ["idtag.added"]


def test_card_that_was_stored_with_colons_before_still_opens():
    card = IdTagFactory(token="04:A1:B2:C3")
    assert authorize_tag(card.community_id, "04:a1:b2:c3", now=NOW).driver == card.driver


def test_card_of_somebody_else_is_not_given():
    held = IdTagFactory(token="04A1B2C3")
    other = DriverFactory(community=held.community)
    with pytest.raises(InvalidInput, match="has this card"):
        give_card(other, "04:A1:B2:C3", actor=SYSTEM, now=NOW)
    assert IdTag.objects.get() == held


def test_card_of_somebody_who_left_is_handed_on():
    held = IdTagFactory(token="04A1B2C3")
    Driver.objects.filter(pk=held.driver_id).update(retired_at=NOW)
    other = DriverFactory(community=held.community)
    give_card(other, "04:A1:B2:C3", actor=SYSTEM, now=NOW)
    assert IdTag.objects.get().driver == other
