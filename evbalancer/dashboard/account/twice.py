"""A form that asks for a new password twice."""

from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy


def new_password(label: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(max_length=128, strip=False, widget=widget, label=label)


class PasswordTwice(forms.Form):
    password = new_password(gettext_lazy("Password"))
    again = new_password(gettext_lazy("Repeat the password"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("password") != cleaned.get("again"):
            self.add_error("again", gettext("The passwords do not match."))
        return cleaned
