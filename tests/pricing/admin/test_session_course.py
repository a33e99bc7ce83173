"""The picture of a session: what was measured is drawn, and what nobody said is not."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from chargers.enums import SessionState
from chargers.models import MeterValue
from pricing.admin.session_course import course_panel
from tests.factories.chargers import SessionFactory
from tests.factories.pricing import TariffFactory

pytestmark = pytest.mark.django_db
BEGAN = datetime(2026, 11, 10, 17, 0, tzinfo=UTC)


@pytest.fixture
def session():
    return SessionFactory(
        state=SessionState.ENDED, plugged_at=BEGAN, started_at=BEGAN, stopped_at=BEGAN + timedelta(hours=4), phases_seen="123"
    )  # fmt: skip


def measure(session, minutes, **values):
    at = BEGAN + timedelta(minutes=minutes)
    MeterValue.objects.create(
        community=session.community, connector=session.connector, session=session, received_at=at, measured_at=at, **values
    )  # fmt: skip


def kinds(session):
    return [line["kind"] for line in course_panel(None, session).context["lines"]]


def test_without_two_values_there_is_no_picture(session):
    assert course_panel(None, session) is None
    measure(session, 0, power_w=0)
    assert course_panel(None, session) is None


def test_only_what_was_said_is_drawn(session):
    measure(session, 0, power_w=4_000)
    measure(session, 60, power_w=11_000)
    assert kinds(session) == ["area"]
    measure(session, 120, power_w=11_000, offered_ma=16_000, charge_pct=60)
    TariffFactory(community=session.connector.charge_point.cluster.community)
    assert kinds(session) == ["area", "limit", "line-2", "line-1"]


def test_time_is_on_the_wall_of_the_community_and_values_that_are_set_aside_are_left_out(session):
    measure(session, 0, power_w=4_000)
    measure(session, 240, power_w=11_000)
    measure(session, 120, power_w=900_000, quarantine="too much")
    context = course_panel(None, session).context
    assert context["most"] == "11 kW"
    assert [tick["said"] for tick in context["ticks"]][
        -1
    ] == f"{(BEGAN + timedelta(hours=4)).astimezone(ZoneInfo(session.community.time_zone)):%H:%M}"


def test_many_values_are_thinned_and_the_last_one_stays(session):
    for minutes in range(240):
        for second in (0, 0.2, 0.4):
            measure(session, minutes + second, power_w=5_000)
    measure(session, 239.9, power_w=7_000)
    context = course_panel(None, session).context
    assert context["most"] == "7 kW"
    assert context["lines"][0]["path"].count("L") < 500


def test_picture_names_its_values_to_a_pointer_and_has_levels_of_power(session):
    measure(session, 0, power_w=4_000, offered_ma=16_000)
    measure(session, 60, power_w=11_040, charge_pct=60)
    context = course_panel(None, session).context
    assert [level["said"] for level in context["levels"]] == ["5 kW", "10 kW"]
    wall = BEGAN.astimezone(ZoneInfo(session.community.time_zone))
    assert context["hover"] == [
        [0.0, f"{wall:%H:%M}", "4 kW", "limit 11 kW (16 A)"],
        [960.0, f"{wall + timedelta(hours=1):%H:%M}", "11 kW", "battery 60 %"],
    ]


def test_picture_of_a_running_session_ends_now_and_is_read_again(session, manager, world):
    minutes = (timezone.now() - BEGAN) / timedelta(minutes=1)
    session.stopped_at = timezone.now() - timedelta(minutes=1)
    measure(session, minutes - 60, power_w=4_000)
    measure(session, minutes - 1, power_w=11_000)
    over = course_panel(None, session)
    session.state, session.stopped_at = SessionState.ACTIVE, None
    running = course_panel(None, session)
    assert (over.refresh_s, running.refresh_s > 0) == (0, True)
    assert running.context["ends"] > over.context["ends"]
    mine = world["chargers.Session"]
    MeterValue.objects.filter(session_id=mine.pk).delete()
    measure(mine, 0, power_w=4_000)
    alone = reverse("admin:chargers_session_panel", args=[mine.pk, "meter_panel"])
    assert "4 kW" in manager.get(alone).content.decode()
    missing = reverse("admin:chargers_session_panel", args=[mine.pk, "no_panel"])
    assert manager.get(missing).status_code == 404
    foreign = reverse("admin:chargers_session_panel", args=[session.pk, "course_panel"])
    assert manager.get(foreign).status_code == 404
