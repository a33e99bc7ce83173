import pytest
from django.urls import reverse

from chargers.models import AccessRule
from evbalancer.life.people.form import form_data
from grid.models import AuditEntry
from tests.factories.drivers import FlatFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def connector(world):
    AccessRule.objects.filter(community=world.community).delete()
    return world["chargers.Connector"]


def write(client, connector, text, **more):
    url = reverse("admin:chargers_connector_change", args=[connector.pk])
    data = form_data(client.get(url)) | {"access": text, **more}
    return client.post(url, data)


def test_a_manager_writes_who_may_charge_and_sees_whom_it_is_for(manager, world, connector):
    flat = FlatFactory(community=world.community, name="Flat 3")
    driver = world["drivers.Driver"]
    driver.flat = flat
    driver.save()
    assert (
        write(
            manager, connector, "flat flat 3\r\nguests, Mon-Fri, 08:00-18:00", audit_reason="Vote"
        ).status_code
        == 302
    )
    page = manager.get(reverse("admin:chargers_connector_change", args=[connector.pk])).content.decode()
    assert "For Flat 3. For guests: Mon to Fri, 08:00 to 18:00." in page
    assert "flat Flat 3\nguests, Mon-Fri, 08:00-18:00" in page
    [entry] = AuditEntry.objects.filter(target_id=str(connector.pk), action__startswith="connector.")
    assert (entry.action, entry.reason) == ("connector.access_changed", "Vote")
    listed = manager.get(reverse("admin:chargers_accessrule_changelist")).content.decode()
    assert "For Flat 3." in listed


def test_words_that_can_not_be_read_are_refused_beside_the_field(manager, connector):
    answer = write(manager, connector, "flat Nowhere")
    assert "There is no flat or cost centre &#x27;Nowhere&#x27;." in answer.content.decode()
    assert not connector.access_rules.exists()


def test_a_space_that_nobody_may_use_says_so(manager, world, connector):
    FlatFactory(community=world.community, name="Empty")
    write(manager, connector, "flat Empty")
    page = manager.get(reverse("admin:chargers_connector_change", args=[connector.pk])).content.decode()
    assert "No driver of the community may charge here." in page
