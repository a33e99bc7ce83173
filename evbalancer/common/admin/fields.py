"""Form fields that people fill in in their own units, while the columns stay integers of the house."""

import json
import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext

MINUTES_A_DAY = 24 * 60
QUARTERS_A_DAY = 96
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class ScaledField(forms.DecimalField):
    """`scale` of the column make one of what is typed: 1000 mA are 1 A."""

    scale = 1000
    unit = ""

    def __init__(self, **options: Any) -> None:
        for bound in ("min_value", "max_value"):
            if options.get(bound) is not None:
                options[bound] = Decimal(options[bound]) / self.scale
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return (
                f"{Decimal(value) / self.scale:f}".rstrip("0").rstrip(".")
                if value % self.scale
                else value // self.scale
            )
        return value

    def clean(self, value: Any) -> int | None:
        number = super().clean(value)
        if number is None:
            return None
        scaled = number * self.scale
        if scaled != scaled.to_integral_value():
            raise forms.ValidationError(
                gettext("Finer than %(value)s %(unit)s can't be kept.")
                % {"value": f"{Decimal(1) / self.scale:f}", "unit": self.unit}
            )
        return int(scaled)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != initial)
        except forms.ValidationError:
            return True


class AmpereField(ScaledField):
    unit = "A"


class KilowattHourField(ScaledField):
    unit = "kWh"


class PriceField(ScaledField):
    """Money per kWh in the community's currency; the column is in hundredths of it per MWh."""

    scale = 100_000
    unit = "per kWh"


class MoneyField(ScaledField):
    scale = 100
    unit = ""


class SecretField(forms.CharField):
    """A secret that is typed and never shown; `column` of the row keeps it encrypted. Left empty, the stored one stays."""

    def __init__(self, *, column: str, **options: Any) -> None:
        self.column = column
        options["help_text"] = gettext("Kept encrypted and never shown. Empty: as it is.")
        widget = forms.PasswordInput(render_value=False)
        super().__init__(required=False, strip=False, widget=widget, **options)


class MinuteOfDayField(forms.CharField):
    """A wall-clock time as minutes after midnight; 24:00 is the end of the day."""

    def prepare_value(self, value: Any) -> Any:
        return f"{value // 60:02}:{value % 60:02}" if isinstance(value, int) else value

    def clean(self, value: Any) -> int:
        text = super().clean(value)
        hours, _, minutes = text.partition(":")
        is_time = len(text) <= len("24:00") and hours.isdecimal() and minutes.isdecimal()
        if not (is_time and len(minutes) == 2 and int(minutes) < 60):
            raise forms.ValidationError(gettext("A time as 17:30; 24:00 is the end of the day."))
        total = int(hours) * 60 + int(minutes)
        if total > MINUTES_A_DAY:
            raise forms.ValidationError(gettext("A day ends at 24:00."))
        return total

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != data)


class WeekdaysField(forms.TypedMultipleChoiceField):
    """Days of the week as a bit set; bit 0 is Monday."""

    def __init__(self, **options: Any) -> None:
        for foreign in ("min_value", "max_value"):
            options.pop(foreign, None)
        options["choices"] = [(str(bit), name[:3]) for bit, name in enumerate(WEEKDAYS)]
        super().__init__(coerce=int, **options)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            return [str(bit) for bit in range(7) if value & (1 << bit)]
        return value

    def clean(self, value: Any) -> int:
        return sum(1 << bit for bit in super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return sorted(self.prepare_value(initial) or []) != sorted(data or [])


class CurveField(forms.CharField):
    """A day's load as 96 numbers of amperes, one a quarter hour: parted by commas, or as spreadsheets copy columns and rows."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return ", ".join(f"{current_ma / 1000:g}" for current_ma in value)
        return value

    def clean(self, value: Any) -> list[int]:
        text = super().clean(value)
        try:
            return [round(float(part) * 1000) for part in _numbers(text)]
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError(gettext("96 values in amperes, separated by commas.")) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != data)


def _numbers(text: str) -> list[str]:
    """Where blanks, tabs, lines or semicolons part 96 of them, a comma within is a decimal one. Raises ValidationError."""
    parts = [part.strip(",") for part in re.split(r"[\s;]+", text) if part.strip(",")]
    if len(parts) == QUARTERS_A_DAY:
        return [part.replace(",", ".") for part in parts]
    if len(parts) > 1 and max(part.count(",") for part in parts) == 1:
        raise forms.ValidationError(
            gettext("96 values in amperes; these are %(count)s with decimal commas.") % {"count": len(parts)}
        )
    return [number for part in parts for number in part.split(",")]


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
