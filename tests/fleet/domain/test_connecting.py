from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from drivers.models import User
from evbalancer.common.errors import InvalidInput
from fleet.domain import budget, connecting
from fleet.errors import ConnectRefused, ProviderUnavailable
from fleet.models import ConnectState, SmartcarConnection, Vehicle
from fleet.smartcar.mock import MockGateway
from grid.models import AuditEntry
from tests.factories.drivers import DriverFactory, UserFactory
from tests.factories.fleet import VehicleFactory
from tests.fakesmartcar.server import Canned

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def driver():
    return DriverFactory()


def connect(driver, gateway, code, now=NOW):
    begun = connecting.begin_flow(driver, driver.user, gateway, now=now)
    state = connecting.use_state(_state(begun.url), begun.nonce, user=driver.user, now=now)
    return connecting.finish_flow(state, {"code": code}, gateway, now=now)


def _state(url):
    return parse_qs(urlsplit(url).query)["state"][0]


@pytest.fixture
def several(driver, smartcar, live):
    """A consent with two cars, among which the driver has yet to choose."""
    for model in ("Model 3", "Model Y"):
        smartcar.add_car("anna", model=model)
    return connect(driver, live, smartcar.consent("anna"))


def choose(connection, ids):
    return connecting.choose_cars(connection, ids, by=connection.driver.user, now=NOW)


def test_none_of_several_cars_is_linked_before_the_driver_has_chosen(several):
    assert [car["model"] for car in several.offered] == ["Model 3", "Model Y"]
    assert not Vehicle.objects.exists()


def test_chosen_cars_are_linked_in_their_order_and_each_once(several):
    ids = [car["smartcar_id"] for car in several.offered]
    linked = choose(several, [ids[1], ids[0], ids[1]])
    assert [car.smartcar_id for car in linked] == [ids[1], ids[0]]
    several.refresh_from_db()
    assert several.offered == []
    entry = AuditEntry.objects.get(action="smartcar.cars_chosen")
    assert (entry.actor_id, entry.after) == (str(several.driver.user_id), {"cars": 2})


@pytest.mark.parametrize("ids", [[], ["car-ben-0"]])
def test_choice_of_no_car_or_a_strange_one_is_refused(several, ids):
    known = [several.offered[0]["smartcar_id"]] if ids else []
    with pytest.raises(InvalidInput) as refused:
        choose(several, known + ids)
    assert refused.value.field == "smartcar_ids"
    assert not Vehicle.objects.exists()
    several.refresh_from_db()
    assert len(several.offered) == 2


def test_car_that_a_neighbour_has_linked_can_not_be_chosen(several):
    ids = [car["smartcar_id"] for car in several.offered]
    VehicleFactory(driver=DriverFactory(community=several.community), smartcar_id=ids[0])
    assert [car.smartcar_id for car in choose(several, ids)] == [ids[1]]


def test_new_consent_offers_the_cars_that_are_not_linked_yet(several, driver, smartcar, live):
    choose(several, [several.offered[0]["smartcar_id"]])
    again = connect(driver, live, smartcar.consent("anna"))
    assert (again.pk, again.offered) == (several.pk, [])
    assert sorted(car.model for car in Vehicle.objects.all()) == ["Model 3", "Model Y"]
    assert AuditEntry.objects.filter(action="smartcar.reconnected").get().after["cars"] == 2


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [(400, {"error": "invalid_grant"}, ConnectRefused), (500, {}, ProviderUnavailable)],
)
def test_consent_that_is_not_given_is_stored_nowhere_and_its_calls_are_counted(
    driver, smartcar, live, status, body, error
):
    smartcar.canned["/oauth/token"].append(Canned(status, body))
    with pytest.raises(error):
        connect(driver, live, smartcar.consent("anna"))
    assert not SmartcarConnection.objects.exists()
    assert budget.spent_on(NOW.date()) == {("connect", "answered"): connecting.CALLS_TO_FINISH}


def test_flows_that_were_left_are_forgotten_after_a_day(driver):
    for _ in range(2):
        connecting.begin_flow(driver, driver.user, MockGateway(), now=NOW)
    later = NOW + connecting.STATE_LASTS + timedelta(days=1, seconds=1)
    connecting.begin_flow(driver, driver.user, MockGateway(), now=later)
    assert ConnectState.objects.get().expires_at == later + connecting.STATE_LASTS


def test_secret_of_the_browser_is_stored_as_a_digest_and_in_no_repr(driver):
    begun = connecting.begin_flow(driver, driver.user, MockGateway(), now=NOW)
    assert begun.nonce not in repr(begun)
    assert begun.nonce not in begun.url
    assert ConnectState.objects.get().nonce_digest != begun.nonce


@pytest.mark.promise("C7")
class TestState:
    @pytest.fixture
    def begun(self, driver):
        return connecting.begin_flow(driver, driver.user, MockGateway(), now=NOW)

    def use(self, begun, **changes):
        given = {"state": _state(begun.url), "nonce": begun.nonce, "user": None, "now": NOW} | changes
        return connecting.use_state(given.pop("state"), given.pop("nonce"), **given)

    def test_state_is_used_once(self, begun, driver):
        assert self.use(begun).driver == driver
        with pytest.raises(ConnectRefused, match="already used"):
            self.use(begun)

    def test_state_lasts_ten_minutes(self, begun):
        with pytest.raises(ConnectRefused, match="ten minutes"):
            self.use(begun, now=NOW + timedelta(minutes=10))

    @pytest.mark.parametrize("state", ["", "x", "00000000-0000-4000-8000-000000000000:forged", "a:b:c"])
    def test_state_that_is_not_ours_is_refused(self, begun, state):
        with pytest.raises(ConnectRefused, match="not valid here"):
            self.use(begun, state=state)

    def test_state_that_was_tampered_with_is_refused(self, begun):
        state = _state(begun.url)
        other = ("0" if state[0] != "0" else "1") + state[1:]
        with pytest.raises(ConnectRefused, match="not valid here"):
            self.use(begun, state=other)

    @pytest.mark.parametrize("nonce", ["", "another"])
    def test_state_in_another_browser_is_refused(self, begun, nonce):
        with pytest.raises(ConnectRefused, match="another browser"):
            self.use(begun, nonce=nonce)

    def test_state_of_another_user_is_refused(self, begun):
        with pytest.raises(ConnectRefused, match="Somebody else"):
            self.use(begun, user=UserFactory())

    def test_state_of_a_deactivated_user_is_refused(self, begun, driver):
        User.objects.filter(pk=driver.user_id).update(is_active=False)
        with pytest.raises(ConnectRefused, match="no longer active"):
            self.use(begun)

    def test_refused_state_is_not_used_up(self, begun):
        with pytest.raises(ConnectRefused):
            self.use(begun, nonce="another")
        assert ConnectState.objects.get().used_at is None
