"""Facts with the same names are stored as a table, and come back as they were."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from scheduling.models import RebalanceRun
from tests.examples import examples
from tests.factories.grid import ClusterFactory

pytestmark = pytest.mark.django_db
ROWS = [{"connector_id": "a", "wanted_ma": 6_000}, {"connector_id": "b", "wanted_ma": None}]


def store(decisions):
    cluster = ClusterFactory()
    run = RebalanceRun.objects.create(
        community=cluster.community, cluster=cluster, at="2026-11-30T12:00:00Z", trigger="beat", duration_ms=1,
        decisions=decisions,
    )  # fmt: skip
    return RebalanceRun.objects.get(pk=run.pk).decisions


def stored_text():
    with connection.cursor() as cursor:
        cursor.execute("SELECT CAST(decisions AS text) FROM scheduling_rebalancerun")
        return cursor.fetchone()[0]


def test_names_are_stored_once():
    assert store(ROWS * 10) == ROWS * 10
    assert stored_text().count("wanted_ma") == 1


@pytest.mark.parametrize(
    "value",
    [[], {}, {"note": 1}, ["x"], [{"a": 1}, {"b": 2}], [{"a": 1}, {"a": 1, "b": 2}], [{"a": 1}, "x"], [{}]],
    ids=str,
)
def test_anything_else_is_plain(value):
    assert store(value) == value


@examples(50)
@given(
    names=st.lists(st.text(min_size=1, max_size=5, alphabet="abc_"), unique=True, max_size=4),
    rows=st.lists(
        st.lists(
            st.none() | st.integers(-9, 9) | st.text(max_size=3, alphabet="xyz"), min_size=4, max_size=4
        ),
        max_size=5,
    ),
)
def test_rows_come_back_as_they_were(names, rows):
    told = [dict(zip(names, row, strict=False)) for row in rows]
    assert store(told) == told
