import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chargers.models import ChargePoint, ChargePointCertificate
from drivers.models import Driver, MailServer, Strike
from evbalancer.common.clocks import clock
from evbalancer.common.words.said import Said
from grid.models import Community
from scheduling.domain.balancing import attendance
from scheduling.enums import AlarmKind
from scheduling.models import Alarm
from tests.factories.drivers import UserFactory
from tests.factories.world import NOW


def test_index_lists_what_waits_for_this_manager(worlds, sign_in):
    Strike.objects.filter(pk=worlds.a["drivers.Strike"].pk).update(appealed_at=NOW)
    response = sign_in(worlds.a.manager).get("/admin/")
    assert [(pile.title, pile.count) for pile in response.context["todo"]] == [
        ("Emergencies", 1),
        ("Appeals", 1),
        ("Findings", 1),
        ("Unmatched messages", 1),
        ("Unknown cards", 1),
        ("Unknown charge points", 1),
    ]


def test_index_says_which_certificates_end_and_have_no_successor(worlds, sign_in):
    old = worlds.a["chargers.ChargePointCertificate"]
    ChargePointCertificate.objects.filter(pk=old.pk).update(used_at=NOW)
    titles = {pile.title for pile in sign_in(worlds.a.manager).get("/admin/").context["todo"]}
    assert "Certificates to renew" in titles
    newer = timezone.now() + timedelta(days=200)
    ChargePointCertificate.objects.filter(pk=old.pk).update(not_after_at=newer)
    titles = {pile.title for pile in sign_in(worlds.a.manager).get("/admin/").context["todo"]}
    assert "Certificates to renew" not in titles


@pytest.mark.promise("S4")
def test_index_shows_nothing_of_another_community(worlds, sign_in):
    body = sign_in(worlds.a.manager).get("/admin/").content.decode()
    assert "SECRETA Garage" in body
    assert "SECRETB" not in body


def test_index_shows_every_cluster_to_operators(worlds, sign_in):
    response = sign_in(worlds.operator).get("/admin/")
    assert {card["cluster"].name for card in response.context["cards"]} == {
        "SECRETA Garage",
        "SECRETB Garage",
    }


def test_index_says_which_clusters_nobody_balances_and_who_stands_in(worlds, sign_in):
    Community.objects.update(time_zone="UTC")
    own, foreign = (world["grid.Cluster"] for world in (worlds.a, worlds.b))
    now = timezone.now()
    since = now - timedelta(seconds=50)
    for cluster in (own, foreign):
        attendance.note_run(cluster, stand_in="", now=since)
    named = clock.named(since, "%F %T")
    index = sign_in(worlds.a.manager).get("/admin/")
    assert index.context["absences"] == [
        {
            "text": f"Nobody has balanced SECRETA Garage since {named}. "
            "Limits stay as they are, and what was granted lapses.",
            "urgent": True,
        }
    ]
    assert "Nobody has balanced SECRETA Garage" in index.content.decode()
    for cluster in (own, foreign):
        attendance.note_run(cluster, stand_in="web-1 (process 7)", now=now)
    assert sign_in(worlds.operator).get("/admin/").context["absences"] == [
        {
            "text": f"No worker has balanced 2 clusters since {named}. "
            "The web server does it in their place: web-1 (process 7).",
            "urgent": False,
        }
    ]
    attendance.note_run(own, stand_in="", now=now)
    assert sign_in(worlds.a.manager).get("/admin/").context["absences"] == []


def test_index_names_connectors_that_need_a_look(worlds, sign_in):
    # One that never connected is planned, and needs nobody yet.
    ChargePoint.objects.update(connected_at=NOW)
    (card,) = sign_in(worlds.a.manager).get("/admin/").context["cards"]
    assert [(place["name"], place["state"]) for place in card["troubled"]] == [("SECRETA A-01/1", "offline")]


def test_card_asks_once_who_balances_its_cluster(worlds, sign_in):
    browser = sign_in(worlds.a.manager)
    with CaptureQueriesContext(connection) as asked:
        (card,) = browser.get("/admin/").context["cards"]
    assert card["alerts"]
    absences = [each["sql"] for each in asked if 'LEFT OUTER JOIN "scheduling_attendance"' in each["sql"]]
    assert len(absences) == 2, "once for the page's own sentence, and once for the card"


def test_index_works_without_any_cluster(worlds, sign_in, django_assert_max_num_queries):
    worlds.a["grid.Cluster"].circuits.update(retired_at=NOW)
    response = sign_in(worlds.a.manager).get("/admin/")
    assert response.status_code == 200
    assert response.context["cards"] == []


def test_sidebar_leads_only_where_the_manager_may_go(worlds, sign_in):
    groups = sign_in(worlds.a.manager).get("/admin/").context["sidebar_navigation"]
    links = [str(item["link"]) for group in groups for item in group["items"] if item["has_permission"]]
    assert reverse("admin:chargers_chargepoint_changelist") in links
    assert reverse("admin:django_celery_beat_periodictask_changelist") not in links


def test_sidebar_speaks_the_reader_s_language(worlds, sign_in):
    german = sign_in(worlds.a.manager).get("/admin/", headers={"accept-language": "de"})
    first, second, *_ = german.context["sidebar_navigation"]
    assert [str(item["title"]) for item in first["items"]] == ["Übersicht", "Live-Seite", "Einrichtung"]
    assert (second["title"], second["items"][0]["title"]) == ("Laden", "Ladepunkte")


def test_every_page_says_whose_clock_its_times_are_of(worlds, sign_in):
    Community.objects.filter(pk=worlds.b.community.pk).update(time_zone="Asia/Tokyo")
    driver = worlds.b["drivers.Driver"]
    Driver.objects.filter(pk=driver.pk).update(suspended_until=datetime(2026, 7, 1, 20, 0, tzinfo=UTC))
    pages = ["/admin/", "/admin/drivers/driver/", f"/admin/drivers/driver/{driver.pk}/change/"]
    manager, operator = sign_in(worlds.b.manager), sign_in(worlds.operator)
    assert all("Times of Asia/Tokyo" in manager.get(page).content.decode() for page in pages)
    # Where communities live by different clocks a list is of none of them, and a row of its own.
    said = [
        re.search(r"Times of [\w/]+", operator.get(page).content.decode())[0].removeprefix("Times of ")
        for page in pages
    ]
    assert said == ["UTC", "UTC", "Asia/Tokyo"]
    assert 'value="2026-07-02"' in operator.get(pages[2]).content.decode()
    assert operator.get("/admin/drivers/driver/nonsense/change/").status_code == 302


def test_failing_mail_is_said_once(worlds, sign_in):
    """By its alarm to whoever sees that, and by a sentence to the others."""
    now = timezone.now()
    MailServer.objects.update_or_create(pk=1, defaults={"failing_since": now, "problem": "refused by all"})
    Alarm.objects.create(
        kind=AlarmKind.MAIL, about="mail", name="Mail", began_at=now, seen_at=now, kept_at=now, raised_at=now,
        said=Said("alarm.mail", {"why": "refused by all", "since_at": now.isoformat()}),
    )  # fmt: skip
    operator = UserFactory(is_superuser=True, is_staff=True)
    for reader in (operator, worlds.a.manager):
        page = sign_in(reader).get(reverse("admin:index")).content.decode()
        assert page.count("refused by all") == 1
