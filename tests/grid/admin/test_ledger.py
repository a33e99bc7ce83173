"""What a list of a ledger costs does not grow with the years."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chargers.models import ChargerCommand, OcppMessage
from evbalancer.common.admin import filters
from grid.admin import ledger
from grid.models import MeterReading
from scheduling.models import RebalanceRun
from tests.factories.chargers import ChargePointFactory

NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


def page_of(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def add_messages(charge_point, count) -> list[OcppMessage]:
    return [
        OcppMessage.objects.create(
            charge_point=charge_point,
            community_id=charge_point.community_id,
            at=NOW + timedelta(minutes=number),
            direction="in",
            action=f"Action{number}",
            unique_id=f"id-{number}",
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("model", [OcppMessage, ChargerCommand, MeterReading, RebalanceRun])
def test_each_query_of_a_list_has_a_limit(manager, model):
    table = f'"{model._meta.db_table}"'
    with CaptureQueriesContext(connection) as asked:
        assert manager.get(page_of(model)).status_code == 200
    about = [query["sql"] for query in asked if f"FROM {table}" in query["sql"]]
    # Django leaves the limit out where all counted rows are on one page.
    unbounded = [sql for sql in about if "LIMIT" not in sql]
    assert [sql for sql in unbounded if "ORDER BY" not in sql or "DISTINCT" in sql] == []
    assert len(unbounded) <= 1 < len(about)


def test_pages_are_counted_up_to_a_bound(manager, world, monkeypatch):
    monkeypatch.setattr(ledger, "MOST_COUNTED", 2)
    add_messages(world["chargers.ChargePoint"], 3)
    assert manager.get(page_of(OcppMessage)).context["cl"].result_count == 2


def test_search_looks_at_the_newest_rows(manager, world, monkeypatch):
    from django.contrib import admin

    monkeypatch.setattr(admin.site.get_model_admin(OcppMessage), "searched_rows", 2)
    rows = add_messages(world["chargers.ChargePoint"], 3)
    found = [
        list(manager.get(page_of(OcppMessage), {"q": row.unique_id}).context["cl"].result_list)
        for row in rows
    ]
    assert found == [[], [rows[1]], [rows[2]]]


def test_run_is_listed_without_its_inputs(manager, world):
    [listed] = manager.get(page_of(RebalanceRun)).context["cl"].result_list
    assert {"inputs", "decisions"} <= listed.get_deferred_fields()


@pytest.mark.parametrize(("most", "is_offered"), [(200, True), (1, False)])
def test_filter_offers_charge_points_as_far_as_a_person_can_choose(
    manager, world, monkeypatch, most, is_offered
):
    monkeypatch.setattr(filters, "MOST_OFFERED", most)
    mine = world["chargers.ChargePoint"]
    other = ChargePointFactory(community=mine.community, cluster=mine.cluster, name="Other space")
    foreign = ChargePointFactory(name="Foreign space")
    [message] = add_messages(mine, 1)
    page = manager.get(page_of(OcppMessage)).content.decode()
    assert (str(other.pk) in page) is is_offered
    assert str(foreign.pk) not in page
    narrowed = manager.get(page_of(OcppMessage), {"charge_point__id__exact": str(mine.pk)})
    assert message in narrowed.context["cl"].result_list
    empty = manager.get(page_of(OcppMessage), {"charge_point__id__exact": str(other.pk)})
    assert list(empty.context["cl"].result_list) == []
