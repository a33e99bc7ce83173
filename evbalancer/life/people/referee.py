import asyncio
import random
from collections.abc import Callable

from evbalancer.life.people.asking import Person
from evbalancer.life.scene import HOUR_S, Scene

NAME = "the referee"
Act = Callable[[Person, random.Random], None]


async def decide(scene: Scene) -> None:
    """A manager at the desk: emergencies, findings, appeals, habits; now and then somebody's slot or charging is ended."""
    rng = scene.chance("referee")
    referee = Person(scene, NAME, scene.place.manager)
    while True:
        await asyncio.sleep(rng.expovariate(1 / HOUR_S))
        act = rng.choice(ACTS)
        dice = random.Random(rng.random())
        if scene.happens("referee", act.__name__.strip("_")):
            act(referee, dice)


def _emergencies(referee: Person, dice: random.Random) -> None:
    for row in _rows(referee, "/drivers/emergency?state=pending"):
        body = {"accept": dice.random() < 0.6, "reason": "As I know them"}
        path = f"/drivers/emergency/{row['id']}/decide"
        referee.ask("POST", path, body, what=f"decides an emergency: {_said(body['accept'])}")
    for row in _rows(referee, "/drivers/emergency?state=accepted")[:1]:
        if dice.random() < 0.2:
            body = {"reason": "No longer needed"}
            referee.ask("POST", f"/drivers/emergency/{row['id']}/revoke", body, what="revokes an emergency")


def _findings(referee: Person, dice: random.Random) -> None:
    for row in _rows(referee, "/drivers/findings?state=open"):
        body = {"accept": dice.random() < 0.5, "reason": "Seen it"}
        path = f"/drivers/findings/{row['id']}/decide"
        referee.ask("POST", path, body, what=f"decides a finding: {_said(body['accept'])}")


def _appeals(referee: Person, dice: random.Random) -> None:
    for row in _rows(referee, "/drivers/strikes"):
        body = {"lift": dice.random() < 0.5, "decision": "Talked about it"}
        path = f"/drivers/strikes/{row['id']}/decide"
        referee.ask("POST", path, body, what=f"decides about a strike: {_said(body['lift'])}")


def _habits(referee: Person, dice: random.Random) -> None:
    for row in _rows(referee, "/drivers/habits")[:2]:
        body = {"forget": dice.random() < 0.5, "decision": "Asked them"}
        referee.ask("POST", f"/drivers/habits/{row['id']}/decide", body, what="decides about a habit")


def _slots(referee: Person, dice: random.Random) -> None:
    rows = _rows(referee, "/drivers/slot?state=promised")
    if rows and dice.random() < 0.3:
        path = f"/drivers/slot/{dice.choice(rows)['id']}/cancel"
        referee.ask("POST", path, {"reason": "The space is needed"}, what="takes a slot away")


def _charging(referee: Person, dice: random.Random) -> None:
    rows = _rows(referee, "/chargers/connectors")
    if rows and dice.random() < 0.3:
        path = f"/chargers/connectors/{dice.choice(rows)['id']}/stop"
        referee.ask("POST", path, {}, what="stops somebody's charging")


def _look(referee: Person, dice: random.Random) -> None:
    pages = ("/grid/cluster", "/grid/runs", "/grid/audit", "/chargers", "/analytics/fairness.csv", "/drivers")
    referee.ask("GET", dice.choice(pages))


def _rows(referee: Person, path: str) -> list[dict[str, str]]:
    answer = referee.ask("GET", path)
    rows: list[dict[str, str]] = answer.told.get("results", []) if answer.is_yes else []
    return rows


def _said(accepted: object) -> str:
    return "yes" if accepted else "no"


ACTS: tuple[Act, ...] = (_emergencies, _findings, _appeals, _habits, _slots, _charging, _look)
