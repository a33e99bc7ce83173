from datetime import UTC, date, datetime, timedelta

import pytest

from chargers.enums import SessionState
from scheduling.domain.learning.past_days import past_days
from scheduling.models import FairnessEntry
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory

pytestmark = pytest.mark.django_db
# Berlin is an hour ahead: this is one o'clock in the morning of the second.
NIGHT = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
SECOND = date(2026, 3, 2)


@pytest.fixture
def connector():
    return ConnectorFactory(phase_rotation="R")


def session(connector, begin, end, **changes):
    return SessionFactory(
        connector=connector,
        **{
            "state": SessionState.ENDED,
            "plugged_at": begin,
            "started_at": begin,
            "stopped_at": end,
            "unplugged_at": end,
            "energy_wh": 8_000,
            **changes,
        },
    )


def days(connector, *, last=SECOND):
    return past_days(connector.charge_point.cluster, first=SECOND - timedelta(days=7), last=last)


def test_stay_belongs_to_the_communitys_day_on_which_the_car_came(connector):
    session(connector, NIGHT, NIGHT + timedelta(hours=30))
    [(day, scenario)] = days(connector).items()
    [stay] = scenario.sessions
    assert (day, stay.arrive_s, stay.depart_s, stay.energy_wh) == (SECOND, 3600, 31 * 3600, 8_000)
    assert (stay.begin, stay.end) == (4, 124)


def test_transactions_of_one_stay_are_one_and_the_ledger_knows_what_was_wanted(connector):
    first = session(connector, NIGHT, NIGHT + timedelta(hours=2), unplugged_at=None)
    session(
        connector,
        NIGHT + timedelta(hours=3),
        NIGHT + timedelta(hours=5),
        stay_id=first.stay_id,
        stay_began_at=NIGHT,
    )
    [stay] = days(connector)[SECOND].sessions
    assert (stay.arrive_s, stay.depart_s, stay.energy_wh) == (3600, 6 * 3600, 16_000)
    FairnessEntry.objects.create(
        community=connector.community,
        cluster=connector.circuit.cluster,
        driver=DriverFactory(community=connector.community),
        session=first,
        stay_id=first.stay_id,
        at=NIGHT + timedelta(hours=5),
        wanted_wh=40_000,
        received_wh=16_000,
    )
    [stay] = days(connector)[SECOND].sessions
    assert stay.energy_wh == 40_000


def test_empty_days_count_from_the_first_car_on(connector):
    session(connector, NIGHT, NIGHT + timedelta(hours=3))
    found = days(connector, last=SECOND + timedelta(days=2))
    assert [(day.day, len(each.sessions)) for day, each in found.items()] == [(2, 1), (3, 0), (4, 0)]
    assert days(ConnectorFactory()) == {}


def test_site_is_as_it_is_now(connector):
    session(connector, NIGHT, NIGHT + timedelta(hours=3))
    gone = ConnectorFactory(circuit=connector.circuit)
    session(gone, NIGHT, NIGHT + timedelta(hours=3))
    gone.retired_at = NIGHT
    gone.save()
    scenario = days(connector)[SECOND]
    assert [each.charger for each in scenario.sessions] == [str(connector.pk)]
    charger = scenario.chargers[str(connector.pk)]
    assert (charger.phases, charger.max_w) == ((0,), connector.max_current_ma * 230 // 1000)
    assert scenario.circuits[0].limit_ma == connector.circuit.limit_ma
