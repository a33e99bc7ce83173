"""What people type into the admin's own fields, and what would otherwise break the page."""

import pytest
from django import forms
from django.test import Client

from drivers.models import Driver
from evbalancer.common.admin.fields import CurveField, MinuteOfDayField
from evbalancer.life.people.form import form_data
from grid.models import Community
from tests.factories.world import populate


@pytest.mark.parametrize(
    "text",
    [
        ", ".join(["16.5"] * 96),
        ",".join(["16.5"] * 96),
        "\n".join(["16,5"] * 96),
        "\t".join(["16,5"] * 96),
        "16,5;" * 96,
        "16.5, 16.5\n" * 48,
        "\n".join([",".join(["16.5"] * 24)] * 4),
    ],
)
def test_curve_is_read_as_it_is_typed_or_copied(text):
    assert CurveField().clean(text) == [16_500] * 96


@pytest.mark.parametrize("text", ["\n".join(["16,5"] * 48), "much", "nan", "1e999", "1" * 5_000])
def test_curve_that_can_not_be_meant_is_refused(text):
    with pytest.raises(forms.ValidationError, match="96 values"):
        CurveField().clean(text)


def test_time_of_day_is_read():
    assert [MinuteOfDayField().clean(text) for text in ("17:30", "24:00", "0:05")] == [1_050, 1_440, 5]


@pytest.mark.parametrize("text", ["24:01", "7", "7:5", "-1:00", "9" * 5_000 + ":00"])
def test_time_that_is_none_is_refused(text):
    with pytest.raises(forms.ValidationError):
        MinuteOfDayField().clean(text)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "day", "clock"),
    [
        ("Europe/Berlin", "0001-01-01", "00:10"),
        ("America/New_York", "9999-12-31", "23:59"),
        ("UTC", "1999-12-31", "23:59"),
    ],
)
def test_moment_at_the_end_of_the_calendar_is_refused_in_words(zone, day, clock):
    world = populate("SECRETA")
    Community.objects.update(time_zone=zone)
    client = Client()
    client.force_login(world.manager)
    page = f"/admin/drivers/driver/{Driver.objects.get().pk}/change/"
    data = form_data(client.get(page)) | {"suspended_until_0": [day], "suspended_until_1": [clock]}
    assert "A year from 2000 to 2199." in client.post(page, data).content.decode()
    assert Driver.objects.get().suspended_until is None
