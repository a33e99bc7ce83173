import asyncio
from dataclasses import replace

from chargers.models import ChargePoint, Connector
from chargers.simulator.station import Station
from evbalancer.life.people.asking import Person
from evbalancer.life.scene import HOUR_S, Scene, short

NAME = "the electrician"
TURNED = {"RST": "STR", "STR": "TRS", "TRS": "RST", "L1": "L2", "L2": "L3", "L3": "L1"}
LETTERS = {"L1": "R", "L2": "S", "L3": "T"}


async def rewire(scene: Scene) -> None:
    """Hangs a charge point on another circuit, or turns its phases, or takes it down, and says so in the product.

    Meanwhile it is without power. Where the product does not accept the change, all is put back.
    """
    rng = scene.chance("electrician")
    electrician = Person(scene, NAME, scene.place.manager)
    while True:
        await asyncio.sleep(rng.expovariate(1 / (5 * HOUR_S)))
        spec, circuit = rng.choice(scene.place.specs), rng.choice(_used_circuits(scene))
        job, takes_s = rng.choices(("turn", "move", "retire"), (4, 4, 1))[0], rng.uniform(60, 900)
        station = scene.site.charge_points.get(spec.id)
        if not scene.happens("electrician", job) or station is None or not _is_idle(scene, station):
            continue
        scene.disturb(takes_s)
        scene.out_of_order.add(spec.id)
        station.link.unplug_network()
        await asyncio.sleep(takes_s)
        if job == "retire":
            _retire(electrician, station)
        else:
            _change(electrician, station, circuit=circuit if job == "move" else station.spec.circuit)
        if job != "retire":
            station.link.plug_network()
            scene.out_of_order.discard(spec.id)


def _change(electrician: Person, station: Station, *, circuit: str) -> None:
    """To another circuit, or if that is the same, to other phases."""
    spec, outlet = station.spec, station.connectors[1]
    rotation = TURNED[outlet.rotation] if circuit == spec.circuit else outlet.rotation
    body = {
        "circuit_id": str(electrician.scene.place.circuits[circuit]),
        "phase_rotation": LETTERS.get(rotation, rotation),
        "reason": "Wired again",
    }
    connector = Connector.objects.get(charge_point__identity=spec.id)
    what = f"hangs {short(spec.id)} on {circuit} as {rotation}"
    if electrician.ask("PATCH", f"/chargers/connectors/{connector.pk}", body, what=what).is_yes:
        station.spec = replace(spec, circuit=circuit, rotation=rotation)
        outlet.rotation = rotation


def _retire(electrician: Person, station: Station) -> None:
    scene = electrician.scene
    charge_point = ChargePoint.objects.get(identity=station.spec.id)
    now = scene.local_now()
    is_retired = electrician.fill_in(
        "chargers_chargepoint_change",
        charge_point.pk,
        what=f"takes {short(station.spec.id)} down",
        retired_at_0=f"{now:%Y-%m-%d}",
        retired_at_1=f"{now:%H:%M:%S}",
    )
    if not is_retired:
        station.link.plug_network()
        scene.out_of_order.discard(station.spec.id)


def _is_idle(scene: Scene, station: Station) -> bool:
    """One socket, no car, and nobody at work on it."""
    is_empty = all(connector.car is None for connector in station.connectors.values())
    return is_empty and len(station.connectors) == 1 and station.spec.id not in scene.out_of_order


def _used_circuits(scene: Scene) -> list[str]:
    return sorted({spec.circuit for spec in scene.place.specs})
