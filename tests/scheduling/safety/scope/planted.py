"""Faults put in on purpose, one at a time: the exploration has to come upon each."""

from tests.scheduling.safety.ablations import (
    ForgetsAtRestart,
    ForgetsTheLost,
    NoLapse,
    NoSettling,
    OfflineIsZero,
    RejectedIsDone,
    now_only,
    ungated,
)
from tests.scheduling.safety.scope.explore import Rules
from tests.scheduling.safety.scope.place import KEY
from tests.scheduling.safety.server import Command, Server


class ConfirmedWhenSent(Server):
    """Counts a limit as taken when it goes out."""

    def claim(self, key: int, now: float) -> Command | None:
        command = super().claim(key, now)
        if command is not None:
            row = self.rows[KEY]
            others = tuple(span for span in self.still_open(key) if span != command.span)
            row.exposure = row.exposure.accepted(command.span, now_s=now, still_open=others)
        return command


PLANTED = {
    "raises do not wait for cuts": Rules(plan=ungated),
    "the settle time is skipped": Rules(exposure=NoSettling),
    "a refused limit counts as taken": Rules(server=RejectedIsDone),
    "a limit counts as taken when it is sent": Rules(server=ConfirmedWhenSent),
    "a lapse up to the fallback is forgotten": Rules(exposure=NoLapse),
    "only the present is checked": Rules(plan=now_only),
    "who is offline draws nothing": Rules(server=OfflineIsZero),
    "a restart forgets what was granted": Rules(server=ForgetsAtRestart),
    "a time-out frees what was sent": Rules(exposure=ForgetsTheLost),
}
