"""Who sets a meter's address, what is refused of it, and what is shown of its secret."""

import asyncio
import threading
from contextlib import contextmanager

import pytest
from django.urls import reverse

from evbalancer.common.security import encryption
from evbalancer.life.people.form import form_data
from grid.models import AuditEntry, Meter
from grid.readers.source import TopicPlace, source_of
from tests.factories.drivers import UserFactory
from tests.factories.grid import CircuitFactory
from tests.factories.world import populate
from tests.grid.readers.conftest import converter, telegram

ADD = "/admin/grid/meter/add/"
FILLED = {
    "source": "mqtt",
    "host": "broker.local",
    "place_l1": "m#/l1",
    "every_s": "5",
    "device_id": "1",
    "unit": "W",
}


@pytest.fixture
def circuit(db):
    return CircuitFactory(has_meter=True)


@pytest.fixture
def operator(client, db):
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    return client


def add(client, circuit, **fields):
    return client.post(ADD, {"circuit": circuit.pk, "active": "on"} | FILLED | fields)


@contextmanager
def serving(*telegrams):
    """A converter in a thread of its own: the page that asks it blocks this one."""
    loop, ready, port = asyncio.new_event_loop(), threading.Event(), []

    async def serve() -> None:
        async with converter(*telegrams) as bound:
            port.append(bound)
            ready.set()
            await done.wait()

    done = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait(5)
    try:
        yield port[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(5)
        loop.close()


def test_operator_makes_a_meter_whose_password_is_kept_encrypted(operator, circuit):
    assert add(operator, circuit, new_password="s3cret words").status_code == 302
    row = Meter.objects.get()
    assert encryption.decrypt(row.password_encrypted) == "s3cret words"
    page = reverse("admin:grid_meter_change", args=[row.pk])
    shown = operator.get(page).content.decode()
    assert "s3cret words" not in shown
    assert row.password_encrypted not in shown
    assert "s3cret" not in str(list(AuditEntry.objects.values("before", "after")))
    operator.post(page, form_data(operator.get(page)) | {"host": ["other.local"]})
    row.refresh_from_db()
    assert (row.host, encryption.decrypt(row.password_encrypted)) == ("other.local", "s3cret words")


@pytest.mark.promise("S13")
def test_address_on_the_local_network_is_not_a_managers_to_set(client, db):
    world = populate("SECRETA")
    client.force_login(world.manager)
    row = world["grid.Meter"]
    assert add(client, world["grid.Circuit"]).status_code == 403
    change = client.post(reverse("admin:grid_meter_change", args=[row.pk]), {"host": "169.254.169.254"})
    assert change.status_code == 403
    assert client.post(reverse("admin:grid_meter_probe", args=[row.pk]), {}).status_code in (403, 404)
    assert Meter.objects.get().host == row.host


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"host": "http://broker/x"}, "host"),
        ({"place_l1": ""}, "place_l1"),
        ({"place_l1": "a/+/b"}, "place_l1"),
        ({"place_l2": "a#power"}, "place_l2"),
        ({"source": "modbus", "place_l1": "coil 7 int16"}, "place_l1"),
        ({"source": "modbus", "place_l1": "input 70000 int16"}, "place_l1"),
        ({"source": "modbus", "preset": "em24", "place_l1": "input 7 int16"}, "place_l1"),
        ({"source": "p1", "place_l1": "", "username": "x"}, "username"),
        ({"port": "70000"}, "port"),
    ],
)
def test_meter_that_can_not_be_read_is_refused(operator, circuit, fields, field):
    response = add(operator, circuit, **fields)
    assert field in response.context["adminform"].form.errors
    assert not Meter.objects.exists()


def test_meter_of_a_circuit_that_is_not_measured_is_refused(operator):
    assert "circuit" in add(operator, CircuitFactory()).context["adminform"].form.errors


def test_test_now_shows_a_reading_and_stores_nothing(operator, circuit):
    with serving(telegram()) as port:
        add(operator, circuit, source="p1", host="127.0.0.1", port=port, place_l1="")
        page = reverse("admin:grid_meter_probe", args=[Meter.objects.get().pk])
        answer = operator.post(page, follow=True).content.decode()
    assert "L1 5 A · L2 2 A · L3 -10 A" in answer
    assert operator.post(page).status_code == 422
    assert not circuit.readings.exists()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("meters/#", "Wildcards"),
        ("meters/+/w", "Wildcards"),
        ("m#/l1 keep 5", "kept between"),
        ("m#/l1 kept 60", "A topic, then"),
    ],
)
def test_place_that_can_not_be_read_is_said_why(operator, circuit, place, said):
    answer = add(operator, circuit, place_l1=place)
    assert said in answer.context["adminform"].form.errors["place_l1"][0]


def test_place_of_a_topic_that_is_published_on_change_only(operator, circuit):
    assert add(operator, circuit, place_l1="house/meter l1#/a keep 600 at /ts").status_code == 302
    assert source_of(Meter.objects.get()).places[0] == TopicPlace("house/meter l1", "/a", 600, "/ts")


def test_test_now_refuses_what_the_readings_would_refuse(operator, circuit):
    with serving(telegram("99.999*kW")) as port:
        row = Meter.objects.create(
            community=circuit.community, circuit=circuit, source="p1", host="127.0.0.1", port=port
        )
        page = reverse("admin:grid_meter_probe", args=[row.pk])
        answer = operator.post(page, follow=True).content.decode()
    assert "times what the circuit carries" in answer
