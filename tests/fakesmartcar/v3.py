"""Version 3 of the API: the application's token for all, and `sc-user-id` to say whose car it is."""

from typing import Any

from tests.fakesmartcar.world import Canned, Car, World

AT = "2026-11-02T17:40:00Z"


def answer(world: World, method: str, path: str, token: str, user: str, body: Any) -> Canned:
    if token not in world.application_tokens:
        return refused(401, "AUTHENTICATION")
    parts = path.removeprefix("/v3/").split("/")
    if parts[0] == "connections":
        return _connections(world, method, parts, user)
    car = world.cars.get(parts[1]) if len(parts) > 1 else None
    if car is None or car not in world.cars_of(user):
        return refused(403, "PERMISSION")
    what = "/".join(parts[2:])
    if what == "signals" and method == "GET":
        return Canned(200, {"data": signals(car), "meta": {}})
    return _command(car, what, body)


def _connections(world: World, method: str, parts: list[str], user: str) -> Canned:
    if method == "DELETE":
        world.disconnected.append(parts[1].removeprefix("connection-"))
        return Canned(204, b"")
    shown = [car for car in world.cars.values() if world.is_unfiltered or car.owner == user]
    return Canned(
        200, {"data": [_connection(world, car) for car in shown if car.id not in world.disconnected]}
    )


def _connection(world: World, car: Car) -> dict[str, Any]:
    car_told = {
        "make": car.make,
        "model": car.model,
        "year": car.year,
        "mode": "test",
        "powertrainType": "BEV",
    }
    return {
        "id": f"connection-{car.id}",
        "type": "connection",
        "attributes": {"permissions": world.granted.get(car.owner, []), "vehicle": car_told},
        "relationships": {
            "vehicle": {"data": {"id": car.id, "type": "vehicle"}},
            "user": {"data": {"id": car.owner, "type": "user"}},
        },
    }


def refused(status: int, kind: str, code: str | None = None) -> Canned:
    """An error as this version words it."""
    return Canned(status, {"errors": [{"status": str(status), "type": kind, "code": code, "detail": "No."}]})


def _command(car: Car, what: str, body: Any) -> Canned:
    if what == "commands/charge/set-limit":
        car.limit = body["data"]["attributes"]["percent"] / 100
    elif what in ("commands/charge/start", "commands/charge/stop"):
        if not car.plugged:
            return refused(409, "VEHICLE_STATE", "CHARGING_PLUG_NOT_CONNECTED")
        car.state = "CHARGING" if what.endswith("start") else "NOT_CHARGING"
    else:
        return refused(404, "RESOURCE_NOT_FOUND", "PATH")
    status = {"value": "PENDING"}
    return Canned(202, {"data": {"type": "command-execution", "attributes": {"status": status}}})


def signals(car: Car) -> list[dict[str, Any]]:
    values: dict[str, dict[str, Any]] = {
        "tractionbattery-stateofcharge": {"value": round(car.percent * 100), "unit": "percent"},
        "tractionbattery-range": {"value": car.range_km, "unit": "km"},
        "tractionbattery-nominalcapacity": {"capacity": car.capacity_kwh},
        "odometer-traveleddistance": {"value": car.odometer_km, "unit": "km"},
        "charge-ischargingcableconnected": {"value": car.plugged},
        "charge-ischarging": {"value": car.state == "CHARGING"},
        "charge-detailedchargingstatus": {"value": car.state},
        "charge-activelimit": {"value": round(car.limit * 100), "unit": "percent"},
        "location-preciselocation": {"latitude": car.latitude, "longitude": car.longitude},
    }
    return [
        {
            "id": code,
            "type": "signal",
            "attributes": {"code": code, "status": {"value": "SUCCESS"}, "body": body},
            "meta": {"oemUpdatedAt": car.data_age or AT, "retrievedAt": AT},
        }
        for code, body in values.items()
    ]
