from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import DrawSource, SessionState
from chargers.models import Connector, StrayDraw
from scheduling.domain.picture import places
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import Allotment, EmergencyRequest
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CircuitFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def root():
    return CircuitFactory()


@pytest.fixture
def connector(root):
    return ConnectorFactory(circuit=root)


def read(root):
    connectors = Connector.objects.select_related("charge_point__cluster").order_by("charge_point__name")
    here = places.of_cluster(root.cluster)
    sessions = places.open_sessions(**here)
    return places.read_places(
        connectors.filter(charge_point__cluster=root.cluster, retired_at=None), sessions, now=NOW, **here
    )


def plug(connector, **fields):
    given = {"plugged_at": NOW - HOUR, "started_at": NOW - HOUR, "state": SessionState.ACTIVE}
    driver = DriverFactory(community=connector.community)
    return SessionFactory(connector=connector, driver=driver, **(given | fields))


def claim(session, **fields):
    given = {"state": EmergencyState.ACCEPTED, "until": NOW + HOUR} | fields
    return EmergencyRequest.objects.create(
        community=session.community,
        driver=session.driver,
        session=session,
        reason="Hospital",
        energy_wh=1,
        needed_by=NOW,
        state_since=NOW,
        created_at=NOW,
        **given,
    )


def allot(connector, session):
    return Allotment.objects.create(
        community=connector.community,
        connector=connector,
        session=session,
        reason="",
        facts={},
        since=NOW,
        at=NOW,
    )


def test_empty_connector_is_a_place_of_nothing(root, connector):
    [place] = read(root)
    assert place.parts == (connector, None, None, None, None, None, None)
    assert (place.history, place.running, place.measured_ma, place.power_w) == (None, False, (0, 0, 0), None)


def test_place_has_all_that_is_open_at_its_connector(root, connector):
    session = plug(connector)
    slot = SlotRequestFactory(cluster=root.cluster, session=session, state=SlotState.ACTIVE, created_at=NOW)
    emergency, row = claim(session), allot(connector, session)
    [place] = read(root)
    assert (place.session, place.slot, place.emergency) == (session, slot, emergency)
    assert (place.allotment, place.allotted_stay_id, place.history) == (row, session.stay_id, row)
    assert place.running


@pytest.mark.parametrize("state", [SessionState.PLUGGED_IN, SessionState.FINISHED])
def test_car_that_does_not_charge_is_there_and_not_running(root, connector, state):
    session = plug(connector, state=state)
    [place] = read(root)
    assert (place.session, place.running) == (session, False)


def test_what_is_over_is_at_no_place(root, connector):
    session = plug(connector)
    claim(session, until=NOW)
    claim(session, state=EmergencyState.DONE)
    SlotRequestFactory(cluster=root.cluster, session=session, state=SlotState.LEFT, created_at=NOW)
    plug(ConnectorFactory(circuit=root, charge_point__name="Z"), state=SessionState.ENDED)
    first, second = read(root)
    assert (first.slot, first.emergency, second.session) == (None, None, None)


def test_row_of_another_stay_is_no_history_and_one_of_another_transaction_is(root, connector):
    before = plug(connector, state=SessionState.ENDED)
    row = allot(connector, before)
    session = plug(connector)
    assert read(root)[0].history is None
    session.stay_id = before.stay_id
    session.save()
    assert read(root)[0].history == row


@pytest.mark.parametrize(("age_s", "power_w"), [(59, 1_380), (61, None)])
def test_draw_counts_for_a_minute_also_where_nobody_charges(root, connector, age_s, power_w):
    StrayDraw.objects.create(
        community=connector.community,
        connector=connector,
        current_l1_ma=6_000,
        power_w=1_380,
        source=DrawSource.CURRENT,
        drawn_at=NOW - timedelta(seconds=age_s),
    )
    [place] = read(root)
    assert place.power_w == power_w
    assert place.measured_ma == ((6_000, 0, 0) if power_w else (0, 0, 0))


def test_places_come_in_the_order_of_their_connectors_in_as_many_queries_for_many(
    root, connector, django_assert_num_queries
):
    more = ConnectorFactory.create_batch(3, circuit=root)
    ConnectorFactory()
    for each in (connector, *more):
        plug(each)
    # Connectors, sessions, and four for what belongs to them.
    with django_assert_num_queries(6):
        found = read(root)
    names = [place.connector.charge_point.name for place in found]
    assert names == sorted(names)
    assert len(names) == 4
    assert all(place.session.connector_id == place.connector.pk for place in found)
