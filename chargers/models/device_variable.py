from django.db import models

from evbalancer.common.db.fields import TenantModel

ACTUAL = "Actual"


class DeviceVariable(TenantModel):
    """One attribute of a variable of a charge point's device model, as it told it last (OCPP 2)."""

    charge_point = models.ForeignKey(
        "chargers.ChargePoint", on_delete=models.PROTECT, related_name="variables"
    )
    component = models.CharField(max_length=50)
    component_instance = models.CharField(max_length=50, blank=True)
    evse_number = models.PositiveIntegerField(default=0, help_text="0: the whole charge point.")
    connector_number = models.PositiveIntegerField(default=0, help_text="0: the whole EVSE.")
    variable = models.CharField(max_length=50)
    variable_instance = models.CharField(max_length=50, blank=True)
    attribute = models.CharField(max_length=6, default=ACTUAL)
    value = models.CharField(
        max_length=2500, blank=True, help_text="Empty too where it can't be read, or must not be shown."
    )
    mutability = models.CharField(max_length=9, blank=True)
    data_type = models.CharField(max_length=12, blank=True)
    unit = models.CharField(max_length=16, blank=True)
    told_at = models.DateTimeField()

    class Meta:
        ordering = [
            "component", "evse_number", "connector_number", "component_instance", "variable", "variable_instance",
            "attribute",
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "charge_point",
                    "component",
                    "component_instance",
                    "evse_number",
                    "connector_number",
                    "variable",
                    "variable_instance",
                    "attribute",
                ],
                name="device_variable_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place}.{self.name}"

    @property
    def place(self) -> str:
        """The component: `EVSE[instance]/1/2`."""
        numbers = "".join(f"/{number}" for number in (self.evse_number, self.connector_number) if number)
        return _with_instance(self.component, self.component_instance) + numbers

    @property
    def name(self) -> str:
        """The variable: `Name[instance]`, and the attribute where it is not the actual value."""
        attribute = "" if self.attribute == ACTUAL else f":{self.attribute}"
        return _with_instance(self.variable, self.variable_instance) + attribute


def _with_instance(name: str, instance: str) -> str:
    return f"{name}[{instance}]" if instance else name
