from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from pricing.domain.reports.savings import Saving, savings_of, sum_savings
from pricing.models import LoadProfile
from tests.factories.chargers import SessionFactory

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_sum_leaves_out_what_is_not_known_and_counts_it():
    assert sum_savings([120, -20, None, 0]) == Saving(saved_minor=100, compared=3, unknown=1)
    assert sum_savings([]) == Saving(saved_minor=0, compared=0, unknown=0)


@pytest.mark.django_db
def test_savings_are_of_the_sessions_that_were_measured():
    session = SessionFactory(plugged_at=NOON)
    LoadProfile.objects.create(
        community=session.community, session=session, cluster=session.connector.charge_point.cluster,
        begins_at=NOON, ended_at=NOON + timedelta(hours=1), energies_wh=[1], at_once_from=NOON, at_once_w=3_680,
        cost_minor=300, at_once_minor=450,
    )  # fmt: skip
    assert savings_of([session.pk, uuid4()]) == {session.pk: 150}
