"""What is known of makes of charge points."""

from chargers.models import ChargePoint, Make


def note_make(charge_point: ChargePoint) -> None:
    """Remember the make it said it is of; what was learnt of that make holds for it too. Who says nothing is of none."""
    if not (charge_point.vendor or charge_point.model):
        return
    make, _ = Make.objects.get_or_create(vendor=charge_point.vendor, model=charge_point.model)
    if charge_point.make_id != make.pk:
        charge_point.make = make
        charge_point.save(update_fields=["make"])
