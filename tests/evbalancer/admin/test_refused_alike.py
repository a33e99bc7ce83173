"""A rule has one sentence: a manager's page and the API refuse the same input with it, and change nothing."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from chargers.models import ChargePoint, Connector, PendingChargePoint
from drivers.models import Invitation, Strike
from evbalancer.life.people.form import form_data
from fleet.models import Vehicle
from grid.models import AuditEntry, Circuit, ProgramLimit, TemporaryLimit
from scheduling.models import AbuseFinding, EmergencyRequest, Habit

TOUCHED = (
    AbuseFinding, AuditEntry, ChargePoint, Circuit, Connector, EmergencyRequest, Habit, Invitation,
    PendingChargePoint, Strike, TemporaryLimit, Vehicle,
)  # fmt: skip
LONG = "x" * 201
AT_MOST_200 = "At most 200 characters."
FOR_DRIVER = "Give a reason; the driver reads it."
FOR_TRAIL = "Give a reason; it is kept in the audit trail."


@dataclass(frozen=True)
class Edges:
    """One act on a row of the world: its page, its address, and what both are given."""

    row: str
    act: str
    path: str
    form: dict[str, Any]
    body: dict[str, Any]
    method: str = "post"
    by: str = "manager"


EMERGENCY = Edges(
    "scheduling.EmergencyRequest",
    "decide",
    "drivers/emergency/{}/decide",
    {"accept": "yes"},
    {"accept": True},
)
REVOKE = Edges("scheduling.EmergencyRequest", "revoke", "drivers/emergency/{}/revoke", {}, {})
FINDING = Edges(
    "scheduling.AbuseFinding", "decide", "drivers/findings/{}/decide", {"strike": "yes"}, {"accept": True}
)
HABIT = Edges("scheduling.Habit", "decide", "drivers/habits/{}/decide", {"forget": "yes"}, {"forget": True})
STRIKE = Edges("drivers.Strike", "decide", "drivers/strikes/{}/decide", {"lift": "yes"}, {"lift": True})
BLOCK = Edges("chargers.PendingChargePoint", "block", "chargers/pending/{}/reject", {}, {})
ACCEPT = Edges(
    "chargers.PendingChargePoint", "accept", "chargers/pending/{}/accept",
    {"name": "B-01", "connectors": 1, "max_current_ma": 16}, {"name": "B-01"},
)  # fmt: skip
LIMIT = Edges(
    "grid.TemporaryLimit",
    "add",
    "grid/limits",
    {"pct": 50, "source": "manager", "reason": "Works"},
    {"reason": "Works"},
)
INVITE = Edges(
    "drivers.Invitation",
    "add",
    "drivers/invitations",
    {"name": "Ada", "email": "ada@example.org"},
    {"name": "Ada", "email": "ada@example.org"},
)
FALLBACK = Edges(
    "chargers.Connector",
    "choose_fallbacks",
    "grid/cluster/{}/fallbacks",
    {"reason": "Try"},
    {"reason": "Try"},
    "put",
)
VEHICLE = Edges("fleet.Vehicle", "change", "fleet/vehicle/{}", {}, {}, "patch", by="driver_user")
CIRCUIT = Edges("grid.Circuit", "change", "grid/circuits/{}", {}, {}, "patch")
CONNECTOR = Edges("chargers.Connector", "change", "chargers/connectors/{}", {}, {}, "patch")
FAR = "A year from 2000 to 2199."
OUT_OF_RANGE = "From 0 to 2000 A."

CASES = [
    *((edges, {field: text}, {field: text}, sentence)
      for edges, field, missing in (
          (EMERGENCY, "reason", FOR_DRIVER), (REVOKE, "reason", FOR_DRIVER), (FINDING, "reason", FOR_DRIVER),
          (HABIT, "decision", FOR_DRIVER), (STRIKE, "decision", FOR_DRIVER), (BLOCK, "reason", FOR_TRAIL),
      )
      for text, sentence in ((" ", missing), (LONG, AT_MOST_200))),
    (LIMIT, {"reason": " "}, {"pct": 50, "reason": " "}, "Give a reason; drivers read it."),
    (LIMIT, {"reason": LONG}, {"pct": 50, "reason": LONG}, AT_MOST_200),
    (LIMIT, {"pct": 101}, {"pct": 101}, "A percentage from 0 to 100."),
    (LIMIT, {"pct": -1}, {"pct": -1}, "A percentage from 0 to 100."),
    (LIMIT, {"limit_ma": 2001}, {"limit_ma": dict.fromkeys(("l1", "l2", "l3"), 2_001_000)}, OUT_OF_RANGE),
    (LIMIT, {"limit_ma": 1999}, {"limit_ma": dict.fromkeys(("l1", "l2", "l3"), 1_999_000)},
     "A temporary limit must be between 0 and the permanent limit on every phase."),
    (LIMIT, {"until_0": "2020-01-01", "until_1": "10:00"}, {"pct": 50, "until": "2020-01-01T10:00:00Z"},
     "It would end before it takes effect."),
    (LIMIT, {"until_0": "2300-01-01", "until_1": "10:00"}, {"pct": 50, "until": "2300-01-01T10:00:00Z"}, FAR),
    (INVITE, {"email": "ada"}, {"email": "ada"}, "This is not an e-mail address."),
    (INVITE, {"email": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 20}.org"},
     {"email": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 20}.org"}, "This is not an e-mail address."),
    (INVITE, {"name": "x" * 121}, {"name": "x" * 121}, "A name of at most 120 characters."),
    (INVITE, {"unit": "x" * 41}, {"unit": "x" * 41}, "At most 40 characters."),
    (ACCEPT, {"name": "x" * 81}, {"name": "x" * 81}, "At most 80 characters."),
    (ACCEPT, {"max_current_ma": 5}, {"max_current_ma": 5_000}, "From 6 to 500 A."),
    (ACCEPT, {"max_current_ma": 501}, {"max_current_ma": 501_000}, "From 6 to 500 A."),
    (ACCEPT, {"connectors": 21}, {"count": 21}, "A charge point has 1 to 20 connectors."),
    (FALLBACK, {"fallback_ma": 3}, {"fallback_ma": 3_000},
     "SECRETA A-01/1 can fall back to 0 A, or to 6 to 16 A."),
    (FALLBACK, {"fallback_ma": 2001}, {"fallback_ma": 2_001_000}, OUT_OF_RANGE),
    (VEHICLE, {"name": "x" * 81}, {"name": "x" * 81}, "Ensure this value has at most 80 characters (it has 81)."),
    (VEHICLE, {"make": "x" * 61}, {"make": "x" * 61}, "Ensure this value has at most 60 characters (it has 61)."),
    (VEHICLE, {"year": 1989}, {"year": 1989}, "A year from 1990 to 2100."),
    (VEHICLE, {"battery_wh": 501}, {"battery_wh": 501_000}, "From 1 to 500 kWh."),
    (VEHICLE, {"phases": 4}, {"phases": 4}, "From 1 to 3 phases."),
    (VEHICLE, {"max_current_ma": 5}, {"max_current_ma": 5_000}, "From 6 to 80 A."),
    (VEHICLE, {"max_current_ma": 81}, {"max_current_ma": 81_000}, "From 6 to 80 A."),
    (CIRCUIT, {"limit_l1_ma": 2001}, {"limit_ma": {"l1": 2_001_000, "l2": 1_000, "l3": 1_000}}, OUT_OF_RANGE),
    (CIRCUIT, {"base_load_rise_ma": 2001}, {"base_load_rise_ma": 2_001_000}, OUT_OF_RANGE),
    (CONNECTOR, {"max_current_ma": 2001}, {"max_current_ma": 2_001_000}, OUT_OF_RANGE),
    (CONNECTOR, {"min_current_ma": 5}, {"min_current_ma": 5_000},
     "The lowest current is 6 A or more, and no more than the highest."),
    (CONNECTOR, {"step_ma": 0}, {"step_ma": 0}, "The step is 0.1 A or more."),
    (CONNECTOR, {"chosen_fallback_ma": 5}, {"chosen_fallback_ma": 5_000},
     "The fallback is 0 A, or from 6 A to the highest current."),
    (CONNECTOR, {"audit_reason": LONG}, {"reason": LONG}, AT_MOST_200),
]  # fmt: skip


@pytest.fixture
def world(world):
    ProgramLimit.objects.all().delete()
    TemporaryLimit.objects.all().delete()
    return world


def refuse_on_page(client: Any, world: Any, edges: Edges, given: dict[str, Any]) -> set[str]:
    row = world[edges.row]
    args = [] if edges.act in ("add", "choose_fallbacks") else [row.pk]
    page = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{edges.act}", args=args)
    data = {"circuit": world["grid.Circuit"].pk, "community": world.community.pk}
    if edges.act == "change":
        data = form_data(client.get(page))
    answer = client.post(page, {**data, **edges.form, **given})
    assert answer.status_code in (200, 422)
    form = answer.context["adminform"].form if edges.act == "change" else answer.context["form"]
    return {sentence for sentences in form.errors.values() for sentence in sentences}


def refuse_by_api(world: Any, edges: Edges, given: dict[str, Any]) -> set[str]:
    row, circuit = world[edges.row], str(world["grid.Circuit"].pk)
    body = {**edges.body, **given}
    if edges is LIMIT:
        body["circuit_id"] = circuit
    elif edges is ACCEPT:
        connector = {"circuit": circuit, "max_current_ma": body.pop("max_current_ma", 16_000)}
        body["connectors"] = [connector] * body.pop("count", 1)
    api = APIClient()
    api.force_authenticate(getattr(world, edges.by))
    pk = world["grid.Cluster"].pk if edges is FALLBACK else row.pk
    answer = getattr(api, edges.method)(f"/{edges.path.format(pk)}", body, format="json")
    assert answer.status_code == 400, answer.content
    return set(_sentences(answer.json()["errors"]))


def _sentences(errors: Any) -> list[str]:
    if isinstance(errors, str):
        return [errors]
    inner = errors.values() if isinstance(errors, dict) else errors
    return [sentence for one in inner for sentence in _sentences(one)]


@pytest.mark.parametrize(("edges", "form", "body", "sentence"), CASES)
def test_page_and_api_refuse_the_same_input_in_the_same_words(edges, form, body, sentence, manager, world):
    before = [list(model.objects.order_by("pk").values()) for model in TOUCHED]
    assert refuse_on_page(manager, world, edges, form) == {sentence}
    assert refuse_by_api(world, edges, body) == {sentence}
    assert [list(model.objects.order_by("pk").values()) for model in TOUCHED] == before
