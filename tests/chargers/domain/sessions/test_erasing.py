"""A driver's sessions outlive the account, without the card."""

import pytest

from chargers.domain.sessions.erasing import forget_cards
from chargers.models import Session, SignedMeterValue
from tests.factories.chargers import SessionFactory
from tests.factories.drivers import DriverFactory


@pytest.fixture
def add(connector, now):
    """A session with a card and a signed value."""

    def add(driver, token):
        session = SessionFactory(
            connector=connector, driver=driver, plugged_at=now, state="ended", id_tag=token, energy_wh=5_000
        )
        SignedMeterValue.objects.create(
            session=session, community=session.community, received_at=now, data="OCMF|{}|{}", digest=token
        )
        return session

    return add


def test_cards_and_signatures_go_and_the_sessions_stay(add, connector):
    mine, theirs = DriverFactory.create_batch(2, community=connector.community)
    for token in ("MINE-1", "MINE-2"):
        add(mine, token)
    kept, stranger = add(theirs, "THEIRS"), add(None, "NOBODY")
    forget_cards(mine)
    assert list(Session.objects.filter(driver=mine).values_list("id_tag", "energy_wh")) == [("", 5_000)] * 2
    assert set(SignedMeterValue.objects.values_list("session", flat=True)) == {kept.pk, stranger.pk}
    others = Session.objects.filter(pk__in=[kept.pk, stranger.pk])
    assert set(others.values_list("id_tag", flat=True)) == {"THEIRS", "NOBODY"}
