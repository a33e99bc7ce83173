import pytest

from drivers.domain.language import language_of, language_of_driver
from drivers.models import Preference
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db


def prefer(driver, language):
    return Preference.objects.create(community=driver.community, driver=driver, language=language)


def test_driver_is_told_things_in_the_chosen_language():
    driver = DriverFactory()
    prefer(driver, "de")
    assert language_of_driver(driver) == "de"


def test_driver_who_chose_nothing_is_told_things_in_the_servers_language(settings):
    settings.LANGUAGE_CODE = "de"
    without, undecided = DriverFactory(), DriverFactory()
    prefer(undecided, "")
    assert [language_of_driver(driver) for driver in (without, undecided)] == ["de", "de"]
    assert language_of(None, without.community) == "de"


def test_driver_who_chose_nothing_is_told_things_in_the_communitys_language():
    community = CommunityFactory(language="de")
    without, chose = DriverFactory(community=community), DriverFactory(community=community)
    prefer(chose, "en")
    assert [language_of_driver(driver) for driver in (without, chose)] == ["de", "en"]
