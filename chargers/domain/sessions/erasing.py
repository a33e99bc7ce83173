"""A driver's sessions after the end of the driver's account: they stay, without the card."""

from chargers.models import RefusedCard, Session, SignedMeterValue
from drivers.models import Driver


def forget_cards(driver: Driver) -> None:
    """Blank the card in the driver's sessions, forget where it was refused, and remove what meters signed. In the caller's transaction,
    while the cards are there."""
    for token in driver.id_tags.values_list("token", flat=True):
        RefusedCard.objects.filter(community=driver.community_id, token__iexact=token).delete()
    Session.objects.filter(driver=driver).update(id_tag="")
    # The card stands inside what was signed, where nothing can be blanked without breaking the signature.
    SignedMeterValue.objects.filter(session__driver=driver).delete()
