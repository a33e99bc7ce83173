"""The admin theme's classes, with types for the type checker: the theme itself has none."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.contrib import admin
from django.utils.translation import gettext, gettext_lazy

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
    from unfold import decorators
    from unfold.admin import ModelAdmin as ThemedAdmin
    from unfold.admin import TabularInline as ThemedTabularInline

    def action(*, description: str, **options: Any) -> Callable[[F], F]:
        return decorators.action(description=gettext_lazy(description), **options)

    def display(*, description: str, label: Any = None, **options: Any) -> Callable[[F], F]:
        """A column. With `label` it is a badge: its words choose the tone in English and are shown in the reader's language."""

        def marked(function: F) -> F:
            @wraps(function)
            def worded(*args: Any) -> Any:
                word = function(*args)
                return (word, gettext(word)) if isinstance(word, str) and word else word

            chosen = function if label is None else worded
            return decorators.display(description=gettext_lazy(description), label=label, **options)(chosen)

        return marked


__all__ = [
    "BaseInlineFormSet",
    "ModelChoiceField",
    "ModelForm",
    "ThemedAdmin",
    "ThemedTabularInline",
    "action",
    "display",
]
