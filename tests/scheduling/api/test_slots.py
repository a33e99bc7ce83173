import re
from datetime import timedelta

import pytest
from django.utils import timezone

from grid.models import IdempotencyKey
from scheduling.domain.balancing.replay import pack_problem
from scheduling.enums import SlotState
from scheduling.models import Habit, RebalanceRun, SlotRequest
from scheduling.solver import Circuit, Policy, Problem
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory, ClusterFactory
from tests.factories.pricing import TariffFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
ASK = "/drivers/slot/request"


@pytest.fixture
def connector():
    return ConnectorFactory(circuit=CircuitFactory())


@pytest.fixture
def driver(connector):
    return DriverFactory(community=connector.community)


def in_hours(hours):
    return (timezone.now() + timedelta(hours=hours)).isoformat()


def wish(**changes):
    return {"energy_wh": 10_000, "ready_by": in_hours(10)} | changes


def ask(driver, body, **headers):
    return client_of(driver.user).post(ASK, body, format="json", headers=headers)


def test_slot_request_is_answered_with_its_promise(driver, connector):
    response = ask(driver, wish(connector_id=str(connector.pk)))
    assert response.status_code == 201
    body = response.json()
    expected = {
        "state": "promised",
        "promised_wh": 10_000,
        "connector_id": str(connector.pk),
        "position": None,
    }
    assert {name: body[name] for name in expected} == expected
    assert SlotRequest.objects.get().pk.hex == body["id"].replace("-", "")


def test_slot_request_by_target_charge_asks_for_what_is_missing(driver):
    vehicle = VehicleFactory(driver=driver, battery_wh=50_000, charge_pct=40, charge_at=timezone.now())
    response = ask(driver, {"vehicle_id": str(vehicle.pk), "target_pct": 80, "ready_by": in_hours(10)})
    # 20 kWh are missing in the battery; nine tenths of what the charger gives get there.
    assert response.json()["energy_wh"] == 22_222


def test_slot_request_understands_wall_clock_time_of_a_zone(driver):
    local = (timezone.now() + timedelta(hours=10)).replace(tzinfo=None, microsecond=0, minute=0)
    response = ask(driver, wish(ready_by=local.isoformat(), time_zone="UTC"))
    assert response.status_code == 201
    assert response.json()["ready_by"] == local.isoformat() + "Z"


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"ready_by": "2020-01-01T00:00:00Z"}, "ready_by", "departure_in_past"),
        ({"energy_wh": -1}, "energy_wh", "energy_not_positive"),
        ({"energy_wh": 0}, "energy_wh", "energy_not_positive"),
        ({"energy_wh": 900_000}, "energy_wh", "more_than_time_holds"),
        ({"energy_wh": "much"}, "energy_wh", "invalid"),
        ({"energy_wh": 10**9}, "energy_wh", "invalid"),
        ({"ready_by": "tomorrow"}, "ready_by", "invalid"),
        ({"ready_by": "0001-01-01T00:00:00+14:00"}, "ready_by", "invalid"),
        ({"ready_by": "9999-12-31T23:59:59-12:00"}, "ready_by", "invalid"),
        ({"ready_by": "2030-01-01T07:00:00"}, "ready_by", "invalid"),
        ({"ready_by": "2030-01-01T07:00:00", "time_zone": "Mars/Base"}, "time_zone", "invalid"),
        ({"ready_by": "2030-03-31T02:30:00", "time_zone": "Europe/Berlin"}, "ready_by", "invalid"),
        ({"not_before": "2030-01-01T00:00:00Z"}, "not_before", "window_empty"),
        ({"connector_id": "7"}, "connector_id", "invalid"),
        ({"target_pct": 80}, "energy_wh", "invalid"),
    ],
)
def test_slot_request_that_can_not_be_changes_nothing(driver, changes, field, code):
    body = assert_problem(ask(driver, wish(**changes)), 400, code)
    assert list(body["errors"]) == [field]
    assert not SlotRequest.objects.exists()


def test_slot_request_is_refused_in_the_drivers_language(driver):
    german = {"Accept-Language": "de"}
    body = assert_problem(ask(driver, wish(energy_wh=900_000), **german), 400, "more_than_time_holds")
    assert re.fullmatch(
        r"Selbst mit voller Leistung sind bis dahin höchstens [\d.,]+ kWh möglich\.", body["detail"]
    )
    assert body["errors"] == {"energy_wh": [body["detail"]]}
    said = body["detail_said"]
    assert (said["code"], list(said["facts"])) == ("refusal.more_than_time_holds", ["most_wh"])


def test_slot_request_with_malformed_json_is_refused(driver):
    response = client_of(driver.user).post(ASK, "{nope", content_type="application/json")
    assert_problem(response, 400, "parse_error")


def test_slot_request_with_another_type_is_refused(driver):
    response = client_of(driver.user).post(ASK, "a=b", content_type="application/x-www-form-urlencoded")
    assert_problem(response, 415, "unsupported_media_type")


def test_slot_request_needs_somebody_signed_in():
    assert_problem(client_of(None).post(ASK, wish(), format="json"), 401, "not_authenticated")


def test_slot_request_of_a_manager_who_drives_nothing_is_refused(connector):
    response = client_of(manager_of(connector.community)).post(ASK, wish(), format="json")
    assert_problem(response, 404, "not_found")


def test_slot_request_with_an_unknown_connector_is_refused(driver):
    assert_problem(ask(driver, wish(connector_id="00000000-0000-4000-8000-000000000000")), 404, "not_found")


def test_slot_request_with_a_connector_of_another_community_is_refused(driver):
    foreign = ConnectorFactory()
    assert_problem(ask(driver, wish(connector_id=str(foreign.pk))), 404, "not_found")


def test_slot_request_with_another_drivers_vehicle_is_refused(driver):
    neighbour = VehicleFactory(driver=DriverFactory(community=driver.community))
    assert_problem(ask(driver, wish(vehicle_id=str(neighbour.pk))), 404, "not_found")


def test_slot_request_in_one_of_several_clusters_must_say_which(driver):
    ClusterFactory(community=driver.community)
    assert_problem(ask(driver, wish()), 400, "cluster_needed")


def test_slot_request_for_a_booked_connector_is_refused_with_an_offer(driver, connector):
    ask(driver, wish(connector_id=str(connector.pk)))
    rival = DriverFactory(community=driver.community)
    body = assert_problem(ask(rival, wish(connector_id=str(connector.pk))), 409, "slot_taken")
    assert body["offer"] is None
    assert SlotRequest.objects.count() == 1


def test_fixed_slot_request_without_room_is_refused_with_an_offer(driver, connector):
    connector.circuit.limit_l1_ma = connector.circuit.limit_l2_ma = connector.circuit.limit_l3_ma = 5_000
    connector.circuit.save()
    body = assert_problem(ask(driver, wish(flexible=False)), 409, "slot_refused")
    assert set(body["offer"]) == {"connector_id", "energy_wh", "ready_by", "expected_start"}
    assert not SlotRequest.objects.exists()


def test_slot_request_repeated_with_its_key_gets_the_same_answer(driver):
    body = wish()
    first = ask(driver, body, **{"Idempotency-Key": "k1"})
    again = ask(driver, body, **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert SlotRequest.objects.count() == 1


def test_slot_request_with_a_used_key_and_another_body_is_refused(driver):
    body = wish()
    ask(driver, body, **{"Idempotency-Key": "k1"})
    other = ask(driver, body | {"energy_wh": 9_000}, **{"Idempotency-Key": "k1"})
    assert_problem(other, 409, "idempotency_key_reused")
    assert SlotRequest.objects.count() == 1


def test_slot_request_key_is_the_drivers_own(driver):
    body = wish()
    ask(driver, body, **{"Idempotency-Key": "k1"})
    rival = DriverFactory(community=driver.community)
    assert ask(rival, body, **{"Idempotency-Key": "k1"}).status_code == 201
    assert SlotRequest.objects.count() == 2


def test_slot_request_that_was_refused_leaves_its_key_free(driver):
    refused = ask(driver, wish(energy_wh=-1), **{"Idempotency-Key": "k1"})
    assert refused.status_code == 400
    assert not IdempotencyKey.objects.exists()
    assert ask(driver, wish(), **{"Idempotency-Key": "k1"}).status_code == 201


@pytest.mark.parametrize("key", ["x" * 81, "tab\tin it"])
def test_slot_request_with_a_strange_key_is_refused(driver, key):
    assert_problem(ask(driver, wish(), **{"Idempotency-Key": key}), 400, "invalid")


def test_slots_are_listed_for_their_driver_and_the_managers(driver, connector):
    own = SlotRequestFactory(cluster=connector.circuit.cluster, driver=driver, created_at=timezone.now())
    SlotRequestFactory(cluster=connector.circuit.cluster, created_at=timezone.now())
    SlotRequestFactory(created_at=timezone.now())
    mine = client_of(driver.user).get("/drivers/slot").json()
    assert [row["id"] for row in mine["results"]] == [str(own.pk)]
    theirs = client_of(manager_of(driver.community)).get("/drivers/slot").json()
    assert theirs["count"] == 2


def test_slot_of_another_driver_does_not_exist(driver, connector):
    slot = SlotRequestFactory(cluster=connector.circuit.cluster, created_at=timezone.now())
    client = client_of(driver.user)
    assert_problem(client.get(f"/drivers/slot/{slot.pk}"), 404, "not_found")
    for move in ("cancel", "change", "extend"):
        response = client.post(f"/drivers/slot/{slot.pk}/{move}", wish(), format="json")
        assert_problem(response, 404, "not_found")
    slot.refresh_from_db()
    assert slot.state == SlotState.PROMISED


def test_slot_is_cancelled_by_its_driver_once(driver):
    client = client_of(driver.user)
    slot = ask(driver, wish()).json()
    assert client.post(f"/drivers/slot/{slot['id']}/cancel").json()["state"] == "cancelled"
    assert_problem(client.post(f"/drivers/slot/{slot['id']}/cancel"), 409, "illegal_move")


def test_slot_is_cancelled_by_a_manager_with_a_reason(driver):
    slot = ask(driver, wish()).json()
    manager = client_of(manager_of(driver.community))
    assert_problem(manager.post(f"/drivers/slot/{slot['id']}/cancel"), 400, "invalid")
    answer = manager.post(f"/drivers/slot/{slot['id']}/cancel", {"reason": "Works"}, format="json").json()
    assert (answer["state"], answer["why"]) == ("cancelled", "Cancelled by a manager: Works")


def test_slot_is_extended_by_its_driver(driver):
    slot = ask(driver, wish()).json()
    later = in_hours(12)
    response = client_of(driver.user).post(
        f"/drivers/slot/{slot['id']}/extend", {"ready_by": later}, format="json"
    )
    assert response.status_code == 201
    assert response.json()["energy_wh"] == 10_000
    assert SlotRequest.objects.filter(state=SlotState.CANCELLED).count() == 1


def test_slot_changed_to_the_impossible_stays(driver):
    slot = ask(driver, wish()).json()
    response = client_of(driver.user).post(
        f"/drivers/slot/{slot['id']}/change", wish(energy_wh=900_000), format="json"
    )
    assert_problem(response, 400, "more_than_time_holds")
    assert SlotRequest.objects.get().state == SlotState.PROMISED


def test_slot_list_asks_a_constant_number_of_queries(driver, connector, django_assert_num_queries):
    client = client_of(driver.user)
    cluster = connector.circuit.cluster
    for _ in range(2):
        SlotRequestFactory.create_batch(5, cluster=cluster, driver=driver, created_at=timezone.now())
        with django_assert_num_queries(3):
            client.get("/drivers/slot")


PREVIEW = "/drivers/slot/preview"


def preview(driver, body):
    return client_of(driver.user).post(PREVIEW, body, format="json")


def test_slot_preview_answers_as_a_request_would_and_promises_nothing(driver, connector):
    TariffFactory(community=driver.community)
    response = preview(driver, wish())
    assert response.status_code == 200
    body = response.json()
    ready_by = body.pop("ready_by")
    sooner, more = body.pop("alternatives")
    assert (sooner["energy_wh"], more) == (10_000, {"ready_by": ready_by, "energy_wh": 80_000})
    assert sooner["ready_by"] < ready_by
    assert body == {
        "state": "promised",
        "energy_wh": 10_000,
        "promised_wh": 10_000,
        "connector_id": str(connector.pk),
        "connector": str(connector),
        "why": "",
        "why_said": None,
        "offer": None,
        "cost_minor_least": 300,
        "cost_minor_most": 300,
        "reservation_fee_minor": 0,
        "no_show_fee_minor": 0,
        "currency": "EUR",
    }
    assert not SlotRequest.objects.exists()


def test_slot_preview_names_the_fees_of_a_space_and_of_not_coming(driver, connector):
    TariffFactory(community=driver.community, reservation_fee_minor=100, no_show_fee_minor=500)
    kept = preview(driver, wish(connector_id=str(connector.pk))).json()
    assert (kept["reservation_fee_minor"], kept["no_show_fee_minor"]) == (100, 500)
    any_space = preview(driver, wish()).json()
    assert (any_space["reservation_fee_minor"], any_space["no_show_fee_minor"]) == (0, 500)


def test_slot_preview_without_room_offers_what_would_fit(driver, connector):
    connector.circuit.limit_l1_ma = connector.circuit.limit_l2_ma = connector.circuit.limit_l3_ma = 5_000
    connector.circuit.save()
    body = preview(driver, wish()).json()
    assert (body["state"], body["promised_wh"], body["connector"]) == ("queued", 0, None)
    assert body["cost_minor_least"] is None
    assert set(body["offer"]) == {"connector_id", "energy_wh", "ready_by", "expected_start"}


def test_slot_preview_of_a_change_may_use_the_own_room(driver, connector):
    vehicle = VehicleFactory(driver=driver)
    slot = ask(driver, wish(vehicle_id=str(vehicle.pk))).json()
    again = wish(vehicle_id=str(vehicle.pk), energy_wh=12_000)
    assert_problem(preview(driver, again), 409, "vehicle_already_booked")
    assert preview(driver, {**again, "instead_of": slot["id"]}).json()["promised_wh"] == 12_000


@pytest.mark.promise("S7")
def test_slot_preview_in_place_of_another_drivers_slot_is_refused(driver):
    neighbour = SlotRequestFactory(
        cluster=ClusterFactory(community=driver.community), created_at=timezone.now()
    )
    assert_problem(preview(driver, wish(instead_of=str(neighbour.pk))), 404, "not_found")


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"ready_by": "2020-01-01T00:00:00Z"}, "departure_in_past"), ({"energy_wh": "x"}, "invalid")],
)
def test_slot_preview_of_the_impossible_is_refused(driver, connector, changes, code):
    assert_problem(preview(driver, wish(**changes)), 400, code)


def test_why_less_is_promised_is_told_in_the_readers_language(driver, connector):
    Habit.objects.create(
        community=connector.community, driver=driver, takes_share=0.5, updated_at=timezone.now()
    )
    german = {"accept-language": "de"}
    told = "5 kWh von 10 kWh zählen, nach dem, was Ihr Auto bisher aufgenommen hat"
    caller = client_of(driver.user)
    tried = caller.post("/drivers/slot/preview", wish(), format="json", headers=german)
    asked = caller.post(ASK, wish(), format="json", headers=german)
    assert [tried.json()["why"], asked.json()["why"]] == [told, told]
    assert caller.get(f"/drivers/slot/{asked.json()['id']}").json()["why"] == (
        "5 kWh of 10 kWh count, by what your car took before"
    )


def run_now(connector):
    now, circuit = timezone.now(), Circuit(str(connector.circuit_id), limit_ma=(64_000,) * 3)
    packed = pack_problem(
        Problem(circuits=(circuit,), demands=(), policy=Policy(minimum_first=True), period_s=900)
    )
    RebalanceRun.objects.create(
        community=connector.community, cluster=connector.charge_point.cluster, at=now, trigger="beat", duration_ms=1,
        decisions=[], inputs=packed.inputs, inputs_digest=packed.digest,
    )  # fmt: skip


def test_plan_says_when_a_wish_would_charge_and_what_it_costs_and_holds_nothing(driver, connector):
    TariffFactory(community=driver.community)
    client = client_of(driver.user)
    unknown = client.post("/drivers/slot/plan", wish(), format="json").json()
    assert unknown == {
        "is_known": False,
        "begins_at": None,
        "ends_at": None,
        "energy_wh": 0,
        "cost_minor": 0,
        "currency": "EUR",
        "stretches": [],
    }
    run_now(connector)
    plan = client.post("/drivers/slot/plan", wish(), format="json").json()
    assert (plan["is_known"], plan["cost_minor"]) == (True, 300)
    assert plan["energy_wh"] == pytest.approx(10_000, abs=5)
    assert plan["begins_at"] == plan["stretches"][0]["begins_at"]
    assert not SlotRequest.objects.exists()


def test_plan_of_a_wish_knows_no_slot_of_others(driver, connector):
    foreign = SlotRequestFactory(created_at=timezone.now())
    body = wish(instead_of=str(foreign.pk))
    assert_problem(client_of(driver.user).post("/drivers/slot/plan", body, format="json"), 404, "not_found")


def test_plan_of_own_cars_lists_own_slots_alone(driver, connector):
    mine = SlotRequestFactory(
        driver=driver, cluster=connector.charge_point.cluster, planned_connector=connector, created_at=timezone.now()
    )  # fmt: skip
    SlotRequestFactory(
        cluster=connector.charge_point.cluster, planned_connector=connector, created_at=timezone.now()
    )
    run_now(connector)
    response = client_of(driver.user).get("/drivers/charging/plan")
    assert [(row["session_id"], row["slot_id"]) for row in response.json()] == [(None, str(mine.pk))]
