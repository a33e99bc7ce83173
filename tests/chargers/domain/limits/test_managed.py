"""Managed is who is counted below its nameplate: one rule for a row, for queries, and for what a connector could draw (E6, E8)."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from chargers.domain.limits.exposures import read_exposure
from chargers.domain.limits.managed import is_managed, match_managed
from chargers.models import Connector, Session
from tests.factories.chargers import ConnectorFactory, SessionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.promise("E6")]
NOW = timezone.now()
FALLBACKS = (None, 0, 6_000)
# Never confirmed, before its last boot, and since.
CONFIRMED = (None, NOW - timedelta(hours=2), NOW)


@pytest.mark.parametrize(
    ("fallback_ma", "confirmed_at", "uncontrollable_since"), list(product(FALLBACKS, CONFIRMED, (None, NOW)))
)
def test_connector_is_managed_if_and_only_if_it_is_counted_below_its_nameplate(
    fallback_ma, confirmed_at, uncontrollable_since
):
    connector = ConnectorFactory(
        max_current_ma=32_000,
        fallback_ma=fallback_ma,
        fallback_confirmed_at=confirmed_at,
        uncontrollable_since=uncontrollable_since,
        charge_point__connected_at=NOW,
        charge_point__booted_at=NOW - timedelta(hours=1),
    )
    exposure = read_exposure(connector)
    is_below = exposure.worst_ma(NOW.timestamp()) < 32_000
    assert is_below is (fallback_ma is not None and uncontrollable_since is None)
    assert (is_managed(connector), exposure.is_managed) == (is_below, is_below)
    session = SessionFactory(connector=connector, plugged_at=NOW)
    assert Connector.objects.filter(match_managed(), pk=connector.pk).exists() is is_below
    assert Session.objects.filter(match_managed("connector__"), pk=session.pk).exists() is is_below
