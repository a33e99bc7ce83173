"""Version 2 of the API: a pair of tokens for each user, one address for each thing."""

from typing import Any

from tests.fakesmartcar.world import Canned, Car, World, refused


def answer(world: World, method: str, path: str, token: str, body: Any) -> Canned:  # noqa: PLR0911
    owner = world.access.get(token)
    if owner is None:
        return refused(401, "AUTHENTICATION")
    own = [car.id for car in world.cars_of(owner)]
    if path == "/v2.0/user":
        return Canned(200, {"id": owner})
    if path == "/v2.0/vehicles":
        return Canned(200, {"vehicles": own, "paging": {"count": len(own), "offset": 0}})
    _, _, _, car_id, *rest = path.split("/")
    if car_id not in own:
        return refused(403, "PERMISSION")
    car, what = world.cars[car_id], "/" + "/".join(rest)
    if what == "/batch":
        return Canned(
            200, {"responses": [_part(world, car, request["path"]) for request in body["requests"]]}
        )
    if what == "/application" and method == "DELETE":
        world.disconnected.append(car_id)
        return Canned(200, {"status": "success"})
    if method == "POST":
        return _control(world, car, what, body)
    told = _part(world, car, what)
    return Canned(told["code"], told["body"], told["headers"])


def _control(world: World, car: Car, what: str, body: dict[str, Any]) -> Canned:
    if "control_charge" not in world.granted.get(car.owner, []):
        return refused(403, "PERMISSION")
    if what == "/charge/limit":
        car.limit = body["limit"]
    elif what == "/charge":
        if not car.plugged:
            return refused(409, "VEHICLE_STATE", "CHARGING_PLUG_NOT_CONNECTED")
        car.state = "CHARGING" if body["action"] == "START" else "NOT_CHARGING"
    else:
        return refused(404, "RESOURCE_NOT_FOUND", "PATH")
    return Canned(200, {"status": "success", "message": "Successfully sent request to vehicle"})


def _part(world: World, car: Car, path: str) -> dict[str, Any]:
    bodies = {
        "/": {"id": car.id, "make": car.make, "model": car.model, "year": car.year},
        "/battery": {"percentRemaining": car.percent, "range": car.range_km},
        "/battery/capacity": {"capacity": car.capacity_kwh},
        "/charge": {"isPluggedIn": car.plugged, "state": car.state},
        "/charge/limit": {"limit": car.limit},
        "/odometer": {"distance": car.odometer_km},
        "/location": {"latitude": car.latitude, "longitude": car.longitude},
    }
    granted = world.granted.get(car.owner, [])
    if path == "/permissions":
        body = {"permissions": granted, "paging": {"count": len(granted), "offset": 0}}
        return {"path": path, "code": 200, "body": body, "headers": {}}
    if path not in bodies:
        return {"path": path, "code": 501, "body": {"type": "COMPATIBILITY"}, "headers": {}}
    if path == "/location" and "read_location" not in granted:
        return {"path": path, "code": 403, "body": {"type": "PERMISSION"}, "headers": {}}
    headers = {"sc-data-age": car.data_age} if car.data_age else {}
    return {"path": path, "code": 200, "body": bodies[path], "headers": headers}
