"""Energy that a car feeds back: counted by its own register, and for no limit.

What flows out may stop at any instant. So a connector that feeds back counts as one that draws nothing, and its current is never given
to another (see `chargers.ocpp.sampled`, where a negative reading is 0).
"""

from datetime import datetime

from chargers.domain.metering import samples
from chargers.domain.metering.metered import MeteredSession


def note_export(session: MeteredSession, register_wh: int, *, max_power_w: int, at: datetime) -> None:
    """Count from the first register of the transaction. One that goes back, or faster than the connector can, is left out."""
    if session.is_settled:
        return
    if session.export_start_wh is None:
        session.export_start_wh, session.exported_wh = register_wh, 0
        session.heard = True
        return
    exported_wh = register_wh - session.export_start_wh
    counted_wh = session.exported_wh or 0
    elapsed_s = (at - session.began).total_seconds() if session.began is not None else 0.0
    most_wh = samples.most_possible_wh(
        elapsed_s, max_power_w=max_power_w, registers_wh=(session.export_start_wh, register_wh)
    )
    if counted_wh < exported_wh <= most_wh:
        session.exported_wh, session.heard = exported_wh, True
