from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from evbalancer.common.db.fields import TenantModel
from scheduling.rules.guard import NEW, Lately, Learnt


class Habit(TenantModel):
    """What is learnt of one driver, and from what. It goes with the account. See scheduling.rules.guard."""

    driver = models.OneToOneField("drivers.Driver", on_delete=models.PROTECT, related_name="habit")
    stays = models.JSONField(
        default=list,
        encoder=DjangoJSONEncoder,
        help_text="The newest stays, oldest first, and what came of each.",
    )
    bookings = models.JSONField(
        default=list,
        encoder=DjangoJSONEncoder,
        help_text="The newest bookings that ended: whether the car came.",
    )
    takes_share = models.FloatField(
        default=NEW.takes_share, help_text="Of what was asked for, this part counts."
    )
    overrun_s = models.PositiveIntegerField(
        default=NEW.overrun_s, help_text="So much later than said the driver usually leaves."
    )
    silent_wh = models.PositiveIntegerField(
        default=NEW.silent_wh, help_text="Energy that a stay without a wish counts as."
    )
    usual_stay_s = models.PositiveIntegerField(
        null=True, blank=True, help_text="After which the driver is expected to leave when nothing is said."
    )
    came = models.PositiveSmallIntegerField(default=0, help_text="Of the newest bookings: the car came.")
    not_come = models.PositiveSmallIntegerField(default=0, help_text="Given back, or the car did not come.")
    left_at = models.DateTimeField(null=True, blank=True, help_text="When the last stay ended.")
    lately_wh = models.PositiveIntegerField(
        default=0, help_text="Energy of the last stay, with the stays that it followed within the hour."
    )
    lately_vehicle = models.ForeignKey(
        "fleet.Vehicle", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField()
    objection = models.TextField(blank=True, help_text="The driver's word against it.")
    objected_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-updated_at"]

    def __str__(self) -> str:
        return f"What is learnt of {self.driver}"

    @property
    def comes_share(self) -> float:
        return self.learnt.comes_share

    @property
    def learnt(self) -> Learnt:
        lately = None
        if self.left_at is not None:
            car = str(self.lately_vehicle_id) if self.lately_vehicle_id else None
            lately = Lately(self.left_at.timestamp(), self.lately_wh, car)
        return Learnt(
            takes_share=self.takes_share,
            overrun_s=self.overrun_s,
            silent_wh=self.silent_wh,
            usual_stay_s=self.usual_stay_s,
            came=self.came,
            not_come=self.not_come,
            lately=lately,
        )
