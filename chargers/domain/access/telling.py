"""What a driver hears of a card that was good, but not at this place or time."""

from datetime import datetime
from uuid import UUID

from drivers.domain.drivers import AuthorizeOutcome
from drivers.domain.notifications import notify_driver
from drivers.enums import NotificationKind
from evbalancer.common.beside import Beside
from evbalancer.common.words.said import Said


def tell_refused(outcome: AuthorizeOutcome, *, place_id: UUID, place: str, now: datetime) -> None:
    """Once a day for each place, however often the card is shown."""
    driver, why = outcome.driver, outcome.why
    if driver is None or why is None:
        return
    said = Said("notice.card_refused", {"place": place, "why": why})
    about = f"{place_id}:{now:%Y%m%d}:{why.code}"
    Beside(f"the refusal at {place_id}").attempt(
        "The notice",
        lambda: notify_driver(driver, kind=NotificationKind.ACCESS, said=said, now=now, about=about),
        otherwise=None,
    )
