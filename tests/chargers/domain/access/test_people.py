from chargers.domain.access.people import find_people
from tests.factories.drivers import DriverFactory, FlatFactory


def test_people_are_those_whom_a_rule_is_for_also_at_other_times(connector, keep, now):
    flat = FlatFactory(community=connector.community, name="Flat 3")
    ada = DriverFactory(community=connector.community, name="Ada", flat=flat)
    guest = DriverFactory(community=connector.community, name="Guest", user=None, membership=None)
    DriverFactory(community=connector.community, name="Bob")
    DriverFactory(name="Of another community")
    assert [each.driver.name for each in find_people(connector, now=now)] == ["Ada", "Bob", "Guest"]
    # It is Sunday.
    keep(connector, "flat Flat 3; guests, Mon")
    found = {each.driver: each.access.is_open for each in find_people(connector, now=now)}
    assert found == {ada: True, guest: False}
