from datetime import timedelta

import pytest

from chargers.domain.cards import refused
from chargers.domain.sessions.erasing import forget_cards
from chargers.models import RefusedCard
from drivers.domain.drivers import authorize_tag
from drivers.models import IdTag
from evbalancer.common.errors import InvalidInput, NotFound, StateMoved
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.factories.chargers import ChargePointFactory
from tests.factories.drivers import DriverFactory, IdTagFactory


@pytest.fixture
def show(connector, now):
    """A card shown at the charge point, as it is judged."""

    def show(token, *, at=now, station=connector.charge_point):
        outcome = authorize_tag(station.community_id, token, now=at)
        refused.note_refusal(
            outcome, token=token, community_id=station.community_id, charge_point_id=station.pk, now=at
        )

    return show


@pytest.fixture
def driver(connector):
    return DriverFactory(community=connector.community)


def test_a_card_is_kept_once_with_place_time_and_count(show, connector, now):
    show("04:A1:B2:C3")
    show("04a1b2c3", at=now + timedelta(minutes=1))
    row = RefusedCard.objects.get()
    assert (row.token, row.count, row.charge_point) == ("04A1B2C3", 2, connector.charge_point)
    assert (row.first_at, row.last_at) == (now, now + timedelta(minutes=1))
    assert list(refused.find_unknown()) == [row]


def test_accepted_cards_and_none_are_not_kept(show, driver):
    IdTagFactory(driver=driver, token="GOOD")
    show("GOOD")
    show("")
    show("X" * 37)
    assert not RefusedCard.objects.exists()


def test_a_blocked_card_is_its_drivers_and_asks_for_no_decision(show, driver, now):
    IdTagFactory(driver=driver, token="LOST", blocked_at=now)
    show("LOST")
    [row] = refused.with_holders(RefusedCard.objects.all())
    assert (row.status, row.holder_id, row.holder_name) == ("Blocked", driver.pk, driver.name)
    assert not refused.find_unknown().exists()


def test_whoever_tries_numbers_hides_no_card_of_another_charge_point(show, connector, now):
    other = ChargePointFactory(circuit=connector.circuit)
    show("REAL", station=other)
    for number in range(refused.MOST_OF_ONE + 5):
        show(f"TRY{number:03}", at=now + timedelta(seconds=number))
    tokens = set(RefusedCard.objects.values_list("token", flat=True))
    assert tokens == {"REAL", *(f"TRY{number:03}" for number in range(5, refused.MOST_OF_ONE + 5))}


def test_one_act_gives_the_card_to_a_driver(show, driver, now):
    show("04:A1:B2:C3")
    row = RefusedCard.objects.get()
    refused.assign_refused(row, driver, actor=SYSTEM, now=now)
    assert authorize_tag(driver.community_id, "04A1B2C3", now=now).driver == driver
    assert not RefusedCard.objects.exists()
    assert AuditEntry.objects.get(action="idtag.added").after == {"driver_id": str(driver.pk)}
    with pytest.raises(StateMoved):
        refused.assign_refused(row, driver, actor=SYSTEM, now=now)


def test_a_card_that_somebody_has_and_a_foreign_driver_are_refused(show, driver, now):
    show("TAG")
    row = RefusedCard.objects.get()
    with pytest.raises(NotFound):
        refused.assign_refused(row, DriverFactory(), actor=SYSTEM, now=now)
    holder = IdTagFactory(driver__community=driver.community, token="tag").driver
    with pytest.raises(InvalidInput, match=f"{holder} has this card"):
        refused.assign_refused(row, driver, actor=SYSTEM, now=now)
    assert IdTag.objects.count() == RefusedCard.objects.count() == 1


def test_a_declined_card_is_counted_and_asks_no_more(show, now):
    show("TAG")
    row = RefusedCard.objects.get()
    refused.decline_refused(row, actor=SYSTEM, now=now)
    with pytest.raises(StateMoved):
        refused.decline_refused(row, actor=SYSTEM, now=now)
    show("TAG")
    assert RefusedCard.objects.get().count == 2
    assert not refused.find_unknown().exists()
    assert AuditEntry.objects.filter(action="refusedcard.declined").count() == 1


def test_cards_are_forgotten_after_a_month_and_with_their_driver(show, driver, now):
    IdTagFactory(driver=driver, token="Mine", blocked_at=now)
    show("MINE")
    show("OLD", at=now - refused.KEPT - timedelta(seconds=1))
    ledger = refused.old_refused(now=now)
    assert ledger.clear(ledger.find(None, 10).rows) == 1
    forget_cards(driver)
    assert not RefusedCard.objects.exists()
