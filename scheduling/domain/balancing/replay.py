"""A run's inputs, packed into its row, and the same run again: the solver is pure, so it must say the same."""

import hashlib
import zlib
from dataclasses import dataclass
from typing import Any

import orjson

from scheduling import solver
from scheduling.models import RebalanceRun
from scheduling.solver.problem import PhasorLimit

# The rows are many and live for days: the least effort already takes nine tenths of the size away.
ZLIB_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Replay:
    """The solver's answer now and the run's decision then, in mA by connector."""

    now_ma: dict[str, int]
    then_ma: dict[str, int]

    @property
    def differs(self) -> dict[str, tuple[int, int]]:
        """Connectors decided otherwise: (then, now). Empty unless the solver itself has changed since."""
        ids = sorted({*self.now_ma, *self.then_ma})
        pairs = {pk: (self.then_ma.get(pk, 0), self.now_ma.get(pk, 0)) for pk in ids}
        return {pk: pair for pk, pair in pairs.items() if pair[0] != pair[1]}


@dataclass(frozen=True, slots=True)
class Packed:
    """The inputs as a run's row keeps them."""

    inputs: bytes
    digest: str


def pack_problem(problem: solver.Problem) -> Packed:
    plain = orjson.dumps(problem, default=list)
    return Packed(zlib.compress(plain, ZLIB_LEVEL), hashlib.sha256(plain).hexdigest())


def unpack_problem(packed: bytes) -> solver.Problem:
    words: dict[str, Any] = orjson.loads(zlib.decompress(packed))
    policy = words.pop("policy")
    return solver.Problem(
        circuits=tuple(solver.Circuit(**_tuples(each)) for each in words.pop("circuits")),
        demands=tuple(solver.Demand(**_tuples(each)) for each in words.pop("demands")),
        reservations=tuple(solver.Reservation(**_tuples(each)) for each in words.pop("reservations")),
        phasors=tuple(PhasorLimit(**_tuples(each)) for each in words.pop("phasors")),
        expected=tuple(solver.Demand(**_tuples(each)) for each in words.pop("expected")),
        policy=solver.Policy(
            **{**policy, "rule": solver.ShortageRule(policy["rule"]), "aim": solver.Aim(policy["aim"])}
        ),
        **_tuples(words),
    )


def replay_run(run: RebalanceRun) -> Replay | None:
    """Solve the run's inputs again; None when they are no longer kept."""
    if not run.inputs:
        return None
    problem = unpack_problem(bytes(run.inputs))
    now_ma = {} if run.safe_plan else solver.solve(problem).limits_ma()
    asked = {demand.id for demand in problem.demands}
    then_ma = {
        str(decision["connector_id"]): int(decision["wanted_ma"])
        for decision in run.decisions
        if str(decision["connector_id"]) in asked
    }
    return Replay(now_ma=dict(now_ma), then_ma=then_ma)


def _tuples(words: dict[str, Any]) -> dict[str, Any]:
    return {name: _tupled(value) for name, value in words.items()}


def _tupled(value: Any) -> Any:
    return tuple(_tupled(part) for part in value) if isinstance(value, list) else value
