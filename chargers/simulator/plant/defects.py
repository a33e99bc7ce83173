from __future__ import annotations

from dataclasses import dataclass, field

from chargers.simulator.plant.metering import MeterQuirks


@dataclass(slots=True)
class Faults:
    """What is wrong with a charge point at the moment; everything at its default is a good one."""

    profile_answer: str = ""  # Rejected, NotSupported or CallError instead of obeying SetChargingProfile
    answer_delay_s: float = 0.0
    mute_actions: frozenset[str] = frozenset()  # obeyed, never answered; "*" is every action
    ignores_profiles: bool = False
    ignores_denial: bool = False  # goes on with a card that was refused
    start_replays: int = 0
    event_replays: int = 0  # of every other message about a transaction
    renumbers_events: bool = False  # OCPP 2: it counts from 0 again on every connection
    silent: bool = False
    meter: MeterQuirks = field(default_factory=MeterQuirks)

    def answers(self, action: str) -> bool:
        return action not in self.mute_actions and "*" not in self.mute_actions
