import pytest
from django.urls import reverse

from chargers.models import RefusedCard
from drivers.models import IdTag
from tests.factories.world import populate

pytestmark = pytest.mark.django_db


def act(world, name):
    row = world["chargers.RefusedCard"]
    return reverse(f"admin:chargers_refusedcard_{name}", args=[row.pk])


def test_front_page_leads_to_the_act_that_gives_the_card_away(manager, world):
    front = manager.get(reverse("admin:index")).content.decode()
    assert "…RD at SECRETA A-01, 1 times" in front
    assert act(world, "assign") in front
    driver = world["drivers.Driver"]
    assert manager.post(act(world, "assign"), {"driver": driver.pk}).status_code == 302
    assert IdTag.objects.filter(driver=driver, token="SECRETACARD").exists()
    assert "SECRETA A-01, 1 times" not in manager.get(reverse("admin:index")).content.decode()


def test_only_the_page_of_a_card_shows_its_number(manager, world):
    listed = manager.get(reverse("admin:chargers_refusedcard_changelist")).content.decode()
    assert "SECRETACARD" not in listed
    assert "…RD" in listed
    row = world["chargers.RefusedCard"]
    page = manager.get(reverse("admin:chargers_refusedcard_change", args=[row.pk])).content.decode()
    assert "SECRETACARD" in page


def test_a_declined_card_leaves_the_front_page_and_foreign_ones_do_not_exist(manager, world):
    assert manager.post(act(world, "decline")).status_code == 302
    assert RefusedCard.objects.get().declined_at is not None
    other = populate("SECRETB")
    refused = manager.post(act(other, "assign"), {"driver": world["drivers.Driver"].pk})
    assert refused.status_code in (302, 404)
    assert RefusedCard.objects.filter(pk=other["chargers.RefusedCard"].pk).exists()
    foreign = manager.post(act(world, "assign"), {"driver": other["drivers.Driver"].pk})
    assert list(foreign.context["form"].errors) == ["driver"]
