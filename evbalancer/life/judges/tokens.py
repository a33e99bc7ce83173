import time

from chargers.models import Connector
from chargers.simulator.plant.connector import Transaction
from drivers.models import IdTag
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.world import World

# A start takes time to arrive, and its answer to be followed; then an order to stop follows.
HEEDED_WITHIN_S = 180.0
# What a meter and a pilot signal are off by.
TOLERANCE_MA = 500


class Tokens(Judge):
    """Whose card is none of this community's draws no more than the fallback, and is stopped."""

    name = "tokens"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        rows = IdTag.objects.filter(community=world.place.cluster.community_id).values_list(
            "token", flat=True
        )
        self._known = {token.casefold() for token in rows}
        self._blamed: set[str] = set()

    def see_minute(self) -> None:
        for station in self.world.stations:
            for connector in station.connectors.values():
                transaction = connector.transaction
                if transaction is None or transaction.id_tag.casefold() in self._known or not station.online:
                    continue
                if self._is_young(transaction) or transaction.ref in self._blamed:
                    continue
                granted_ma = _fallback_ma(station.spec.id, connector.id) + TOLERANCE_MA
                drawn_ma = max(connector.terminal_ma)
                if drawn_ma > granted_ma:
                    self._blamed.add(transaction.ref)
                    self.blame(f"{station.spec.id} gives {drawn_ma} mA for card {transaction.id_tag}")

    def _is_young(self, transaction: Transaction) -> bool:
        calm_s = time.monotonic() - self.world.calm_since_s
        return min(time.time() - transaction.started_at, calm_s) < HEEDED_WITHIN_S


def _fallback_ma(identity: str, number: int) -> int:
    row = Connector.objects.get(charge_point__identity=identity, number=number)
    return max(row.fallback_ma or 0, row.chosen_fallback_ma or 0)
