"""The admin theme's classes, with types for the type checker: the theme itself has none."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.contrib import admin

F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:
    BaseInlineFormSet = forms.BaseInlineFormSet[Any, Any, Any]
    ModelForm = forms.ModelForm[Any]
    ModelChoiceField = forms.ModelChoiceField[Any]
    ThemedAdmin = admin.ModelAdmin[Any]
    ThemedTabularInline = admin.TabularInline[Any, Any]

    def action(**options: Any) -> Callable[[F], F]: ...

    def display(**options: Any) -> Callable[[F], F]: ...
else:
    from django.forms import BaseInlineFormSet, ModelChoiceField, ModelForm
    from unfold.admin import ModelAdmin as ThemedAdmin
    from unfold.admin import TabularInline as ThemedTabularInline
    from unfold.decorators import action, display

__all__ = [
    "BaseInlineFormSet",
    "ModelChoiceField",
    "ModelForm",
    "ThemedAdmin",
    "ThemedTabularInline",
    "action",
    "display",
]
