from datetime import timedelta

from chargers.domain.access.judging import judge_one, restrict_outcome
from chargers.domain.access.telling import tell_refused
from drivers.domain.drivers import AuthorizeOutcome
from drivers.enums import AuthorizationStatus
from drivers.models import Notification
from tests.factories.drivers import DriverFactory


def test_a_driver_hears_once_a_day_why_a_card_was_refused(connector, keep, now):
    keep(connector, "guests")
    driver = DriverFactory(community=connector.community)
    good = AuthorizeOutcome(AuthorizationStatus.ACCEPTED, driver)
    refused = restrict_outcome(good, judge_one(connector.pk, driver, at=now))
    for at in (now, now + timedelta(hours=1), now + timedelta(days=1)):
        tell_refused(refused, place_id=connector.pk, place=str(connector), now=at)
    tell_refused(good, place_id=connector.pk, place=str(connector), now=now)
    assert [row.told for row in Notification.objects.filter(driver=driver)] == [
        f"Your card was not accepted at {connector}. {connector} is kept for others. Ask the managers who may charge there."
    ] * 2
